"""The playground: a federation of four in a browser, with its network in the reader's hands.

`driver` holds the platforms and what is on its way between them, in the values of `model`.
`fixtures` names who takes part, `labels` puts it into words, and `view` describes the state to the
page. `page` is what the page calls, and `trace` reads a counterexample. These run in WebAssembly.
`server` gives a browser the page, `bundle` the Python that the page runs; they run on the machine.
"""
