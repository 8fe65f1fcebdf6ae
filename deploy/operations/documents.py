"""Documents in and out: the importer of the repository, and what a service has public as one file of lines."""

import gzip
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import httpx
from pydantic import SecretStr

from deploy.operations.doctor.looking import addresses_of
from deploy.operations.installation import Installation, OperationFailed
from deploy.operations.running_modules import run_module
from shared.kit.errors import Unavailable
from shared.kit.reader import Credentials, ExportLine, LogReader, TokenSource
from shared.schemas.events import ExportEnd

EXPORTING = ("policy", "catalog", "exchange")
_IMPORTER = "tools.import_documents"


def import_documents(installed: Installation, arguments: Sequence[str]) -> int:
    """The importer's exit code; OperationFailed where only the image is, which does not bring it."""
    if importlib.util.find_spec(_IMPORTER.partition(".")[0]) is None:
        raise OperationFailed("这里没有导入工具（镜像不带它）：请在代码仓库中执行，并用 --url 指向网关")
    return run_module(installed, "policy", _IMPORTER, arguments)


async def export_documents(installed: Installation, service: str, file: Path, advance: Callable[[], None]) -> int:
    """Everything the service has public, one line each, the log's cursor last; how many. Whole or not at all."""
    settings = installed.environments["search"]
    staging = file.with_name(file.name + ".new")
    async with httpx.AsyncClient(trust_env=False) as client:
        credentials = Credentials(
            settings.get("MINGQUAN_CLIENT_ID", ""), SecretStr(settings.get("MINGQUAN_CLIENT_SECRET", ""))
        )
        tokens = TokenSource(client, exchange_url=settings["MINGQUAN_EXCHANGE_URL"], credentials=credentials)
        reader = LogReader(client, tokens, name=service, base_url=addresses_of(installed)[service])
        try:
            with _open(staging, is_packed=file.suffix == ".gz") as lines:
                count = await _write(reader, lines, advance)
        except Unavailable as error:
            staging.unlink(missing_ok=True)
            raise OperationFailed(error.detail) from error
        except OSError as error:
            staging.unlink(missing_ok=True)
            raise OperationFailed(f"{file} 写不进去（{error.strerror}）") from error
    staging.replace(file)
    return count


def _open(path: Path, *, is_packed: bool) -> IO[bytes]:
    return gzip.open(path, "wb") if is_packed else path.open("wb")  # type: ignore[return-value]  # it is one


async def _write(reader: LogReader, lines: IO[bytes], advance: Callable[[], None]) -> int:
    count = 0
    async for line in reader.export():
        lines.write(line.model_dump_json().encode() + b"\n")
        if isinstance(line, ExportLine):
            count += 1
            advance()
        elif isinstance(line, ExportEnd) and line.count != count:
            raise Unavailable("导出的行数与末行所说的不符，请重试")
    return count
