"""Files that people read and write: the genesis, a platform's settings, the client's."""

from web4adapters.config.client import ClientConfig, load_client_config
from web4adapters.config.errors import ConfigError
from web4adapters.config.genesis import genesis_from_json, genesis_to_json, load_genesis
from web4adapters.config.node import PLATFORM_FILE, NodeConfig, load_node_config, passphrase_of
from web4adapters.config.scaffold import Plan, Routes, make_federation

__all__ = [
    "PLATFORM_FILE",
    "ClientConfig",
    "ConfigError",
    "NodeConfig",
    "Plan",
    "Routes",
    "genesis_from_json",
    "genesis_to_json",
    "load_client_config",
    "load_genesis",
    "load_node_config",
    "make_federation",
    "passphrase_of",
]
