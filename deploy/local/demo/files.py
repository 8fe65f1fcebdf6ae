"""One document with real files: a table to save and a picture with its words, uploaded, reviewed and then named."""

import struct
import zlib
from collections.abc import Iterator
from datetime import date
from typing import Any

from deploy.local.demo.api import Session
from deploy.local.demo.city import CITY, CITY_CODE, OFFICE, units
from shared.schemas.policies import Attachment, DocClass, DocKind, PolicyInput

EXTERNAL_ID = "OA-2026-parking-places"
TABLE = (
    "区县,路段,可停车辆\n明湖区,解放路东段,120\n明湖区,文化巷,45\n泉东区,车站北广场,300\n泉东区,体育场南门,80\n"
).encode()
ALTERNATIVE = "停放点位示意：四个点位由左到右依次为解放路东段、文化巷、车站北广场、体育场南门，柱高表示可停车辆数。"
_PLACES = (120, 45, 300, 80)
_BODY = """各区县人民政府，市政府各部门：
为方便群众出行，规范停放秩序，现将首批互联网租赁自行车停放点位予以公布。
一、点位和容量见附件，现场以标线为准。
二、点位之外的人行道、消防通道和盲道不得停放。
三、各区县应当每季度核对一次点位，有变动的及时报送。
附件：1.停放点位表
2.停放点位示意图"""


def put_files(archive: Session, review: Session) -> Iterator[str]:
    """Upload, review, name; gives each step's subject."""
    named = []
    files = (("停放点位表.csv", TABLE, None), ("停放点位示意图.png", draw_bars(_PLACES), ALTERNATIVE))
    for name, content, alternative in files:
        attachment = keep_file(archive, review, name, content)
        named.append(attachment.model_copy(update={"alt_text": alternative}))
        yield name
    body = document(named).model_dump(mode="json", exclude_defaults=True)
    archive.must("PUT", f"/api/policy/v1/organizations/{CITY_CODE}/policies/{EXTERNAL_ID}", json=body)
    yield EXTERNAL_ID


def keep_file(archive: Session, review: Session, name: str, content: bytes) -> Attachment:
    """A file of the city's, uploaded by one client and passed by another."""
    path = f"/api/policy/v1/organizations/{CITY_CODE}/files"
    receipt: dict[str, Any] = archive.must("POST", path, file=(name, content))
    passed = {"secrecy": "pass", "personal_information": "pass"}
    review.must("PUT", f"{path}/{receipt['file']['sha256']}/review", json=passed)
    return Attachment.model_validate(receipt["attachment"])


def document(attachments: list[Attachment]) -> PolicyInput:
    """The document that names them."""
    return PolicyInput(
        title=f"{CITY}人民政府办公室关于公布首批互联网租赁自行车停放点位的通告",
        doc_class=DocClass.OTHER,
        kind=DocKind.CIRCULAR,
        issuers=[units()[OFFICE].name],
        signed_on=date(2026, 3, 2),
        published_on=date(2026, 3, 4),
        effective_on=date(2026, 3, 4),
        body=_BODY,
        attachments=attachments,
    )


def draw_bars(values: tuple[int, ...]) -> bytes:
    """A bar a value, as a picture (PNG, grey) of 320 by 160 points."""
    width, height = 320, 160
    step = width // len(values)
    tops = [height - value * (height - 20) // max(values) for value in values]
    lines = []
    for row in range(height):
        shades = (
            60 if column % step > step // 4 and row >= tops[min(column // step, len(values) - 1)] else 255
            for column in range(width)
        )
        lines.append(b"\0" + bytes(shades))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
