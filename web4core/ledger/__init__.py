"""The ledger: accounts of ATP, local transfers, and transfers across platforms in two phases.

`rules` has the rule of each transaction, `transactions` their form, `state` the accounts and
transfers that they act on, `pool` the transactions that wait, `light` the proof of a balance for a
client that holds nothing but the platforms' keys; `application` is the ledger as consensus sees it.
Nothing here knows of votes and views.
"""
