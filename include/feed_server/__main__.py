"""Run the feed server: ``python -m include.feed_server --dsn-env NAME --port P --clock system``."""

import argparse
import os
import sys

import uvicorn

from include.clock import from_setting
from include.db.pool import Pool
from include.feed_server.app import build_app


def main() -> int:
    """Serve until the process is told to stop; return the exit code."""
    options = argparse.ArgumentParser(prog="include.feed_server", description=__doc__)
    options.add_argument("--dsn-env", default="QAITARYM_WAREHOUSE_DSN", help="environment variable with the database")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8085)
    options.add_argument("--clock", default="system", help="'system', or the address of a clock")
    given = options.parse_args()
    dsn = os.environ.get(given.dsn_env)
    if not dsn:
        options.error(f"the environment variable {given.dsn_env} must name the warehouse database")
    pool = Pool(dsn, application="qaitarym feed server")
    try:
        # The access log would hold the secret addresses; GETs are logged in the database.
        uvicorn.run(
            build_app(pool, from_setting(given.clock)),
            host=given.host,
            port=given.port,
            access_log=False,
            server_header=False,
            log_level="warning",
        )
    finally:
        pool.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
