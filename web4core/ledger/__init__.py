"""The ledger: accounts of ATP, local transfers, and transfers across platforms in two phases.

`rules` is what a transaction may do, `transactions` how one looks, `state` what they act on, `pool`
where they wait, `light` how a balance is proved to somebody who holds nothing but the platforms'
keys; `application` is the ledger as consensus sees it.
Knows nothing of votes and views.
"""
