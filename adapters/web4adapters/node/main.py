"""A platform as a process: its parts are put together, run, and closed again."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from aiohttp import web

from web4adapters.api.server import MAX_BODY_BYTES, Api, errors_as_json
from web4adapters.config import NodeConfig, load_genesis, load_node_config, passphrase_of
from web4adapters.config.endpoints import place_url
from web4adapters.errors import PLATFORM_ERRORS, one_line
from web4adapters.node.logs import loop_error_handler, web_server_log
from web4adapters.runtime.engine import Engine, NodeHalted
from web4adapters.runtime.ingress import Ingress
from web4adapters.runtime.recovery import node_of
from web4adapters.signers import GuardedSigner, GuardError, KeyFile, Verifier, VerifierPool
from web4adapters.storage import StorageError, Store
from web4adapters.transport import Links
from web4adapters.transport.limiter import KEEPALIVE_TIMEOUT_S, ConnectionLimiter, find_room
from web4core import Gate, Genesis, Ledger, LocalProtocolError, chain_id, genesis_block
from web4process.signals import ENDING

VERIFIER_THREADS = 2
"""Threads of a pool that checks signatures beside the event loop.

There is one pool for transactions and old blocks from peers, and one for clients, so that
transactions of strangers wait behind nothing but each other.
Messages of agreement have a pool with a thread for each platform: a peer has at most one packet in
work, so that no peer waits for the packet of another.
"""

MAX_DECODED = 32_768
"""Transactions kept decoded; about a kilobyte each."""

STOP_TIMEOUT_S = 5.0
"""The longest that open connections may take to end."""

log = logging.getLogger("web4.node")


def run_command(config: Path, verbose: bool = False) -> int:
    """Run the platform that a `platform.toml` describes; log to standard error; the exit code.

    An error that the operator can mend is reported in one line.
    """
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)-8s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    try:
        return run(load_node_config(config))
    except PLATFORM_ERRORS as error:
        sys.stderr.write(f"web4: {one_line(error)}\n")
        return 1


def run(config: NodeConfig) -> int:
    """Run a platform until it is told to stop; the exit code of the process."""
    genesis = load_genesis(config.genesis)
    key = KeyFile.load(config.key, passphrase_of(config))
    _check_key(genesis, config, key)
    identity = chain_id(genesis)
    with (
        GuardedSigner(key, config.guard, identity) as guard,
        Store.open(config.store, identity, config.name) as store,
    ):
        return asyncio.run(_Node(config, genesis, guard, store).run())


def _check_key(genesis: Genesis, config: NodeConfig, key: KeyFile) -> None:
    listed = {platform.name: platform.key for platform in genesis.platforms}
    if config.name not in listed:
        raise LocalProtocolError(f"{config.name} is not in {config.genesis}")
    if listed[config.name] != key.public_key:
        raise LocalProtocolError(
            f"{config.key} is not the key that {config.genesis} lists for {config.name}"
        )


def _urls(config: NodeConfig, names: tuple[str, ...]) -> dict[int, str]:
    """The URLs of the platforms, by index: of all others in the genesis, and of nobody else."""
    missing = [name for name in names if name != config.name and name not in config.peers]
    if missing:
        raise LocalProtocolError(
            f"the configuration of {config.name} has no URL of {', '.join(missing)};"
            " add it under [peers]"
        )
    unknown = [name for name in config.peers if name not in names]
    if unknown:
        raise LocalProtocolError(
            f"the configuration of {config.name} has a URL of {', '.join(unknown)}, which"
            f" {config.genesis} does not list; remove it from [peers]"
        )
    return {names.index(name): url for name, url in config.peers.items()}


class _Node:
    """All the parts of one running platform."""

    def __init__(
        self, config: NodeConfig, genesis: Genesis, guard: GuardedSigner, store: Store
    ) -> None:
        self._config = config
        self._genesis = genesis
        self._guard = guard
        self._store = store

    async def run(self) -> int:
        """Recover, serve, and stop in order."""
        config, genesis = self._config, self._genesis
        ledger = Ledger.of(genesis)
        gate = Gate.of(genesis, ledger, lru_cache(MAX_DECODED)(ledger.decode))
        node = node_of(
            self._store,
            self._guard.memory,
            genesis,
            config.name,
            gate,
            config.settings,
            config.snapshot_blocks,
        )
        if node.state.halted is not None:  # A-EFFECT-8
            halt = node.state.halted
            log.critical("halted before, and not started: %s: %s", halt.clause, halt.reason)
            return 1
        verifier = Verifier()
        names = tuple(platform.name for platform in genesis.platforms)
        me = node.state.config.me
        urls = _urls(config, names)
        with (
            ThreadPoolExecutor(len(names), "web4-agreement") as agreement_threads,
            ThreadPoolExecutor(VERIFIER_THREADS, "web4-bulk") as bulk_threads,
            ThreadPoolExecutor(VERIFIER_THREADS, "web4-clients") as client_threads,
        ):
            links = Links(gate.chain_id, gate.keys, me, urls, self._guard.sign, verifier)
            engine = Engine(node, self._store, self._guard, links)
            agreement = VerifierPool(verifier, agreement_threads)
            bulk = VerifierPool(verifier, bulk_threads)
            ingress = Ingress(gate, agreement, engine, links, bulk)
            root = ledger.root(ledger.initial(genesis.content))
            first = genesis_block(genesis, root)
            api = Api(
                engine,
                links,
                names,
                genesis.chain,
                first,
                version("web4"),
                VerifierPool(verifier, client_threads),
            )
            return await self._serve(engine, links, ingress, api)

    async def _serve(self, engine: Engine, links: Links, ingress: Ingress, api: Api) -> int:
        places, at_once = find_room(len(self._genesis.platforms))
        door = ConnectionLimiter(places)
        middlewares = [door.middleware(), errors_as_json(engine.fail)]
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=middlewares)
        app.add_routes([*links.routes(), *api.routes()])
        runner = _runner(app)
        await runner.setup()
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(loop_error_handler())
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                loop.add_signal_handler(number, stop.set)
        stopping = asyncio.ensure_future(stop.wait())
        host, port = self._config.host, self._config.port
        listening = await door.open(_server(runner), host, port, at_once)
        links.start(ingress)
        running = asyncio.ensure_future(_together(engine, ingress, links))
        try:
            log.info("%s listens on %s", self._config.name, place_url(host, port))
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            listening.close()
            await links.close()
            await runner.cleanup()
            code = await _end(running)
        return code


def _runner(app: web.Application) -> web.AppRunner:
    """The web server: it logs little, and takes bodies as they come, never compressed."""
    return web.AppRunner(
        app,
        access_log=None,
        logger=web_server_log(),
        shutdown_timeout=STOP_TIMEOUT_S,
        keepalive_timeout=KEEPALIVE_TIMEOUT_S,
        auto_decompress=False,
    )


def _server(runner: web.AppRunner) -> web.Server:
    if runner.server is None:
        raise LocalProtocolError("the web server was not set up")
    return runner.server


async def _together(engine: Engine, ingress: Ingress, links: Links) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(links.run())
        group.create_task(engine.run())
        group.create_task(ingress.run())


async def _end(running: asyncio.Future[None]) -> int:
    """Stop the engine; 0 if it was told to, 1 with a reason if it stopped by itself."""
    running.cancel()
    await asyncio.wait({running})
    error = None if running.cancelled() else running.exception()
    if error is None:
        return 0
    for each in _leaves(error):
        if isinstance(each, NodeHalted):
            log.critical("halted: %s", each)
        elif isinstance(each, StorageError | GuardError):
            log.critical("stopped before anything unsaved was sent: %s", each)
        else:
            log.critical("stopped by a defect", exc_info=each)
    return 1


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in _leaves(each)]
    return [error]
