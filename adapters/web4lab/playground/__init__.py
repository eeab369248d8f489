"""The playground: a federation of four in a browser, with its network in the reader's hands.

`driver` holds the platforms and the messages on their way, in the values of `model`.
`fixtures` has the platforms and agents, `labels` the texts, and `view` describes the state to the
page. The page calls `page`, and `trace` reads a counterexample. These run in WebAssembly.
`server` gives a browser the page, `bundle` the Python that the page runs; they run on the machine.
"""
