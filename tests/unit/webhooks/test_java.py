"""The Java of docs/webhooks.md, run by a JDK where there is one: it accepts what we sign, refuses what was spoilt, and we accept its own."""

import re
import shutil
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.webhooks import InvalidWebhook, new_key_pair, new_secret, sign, verify
from tests.conftest import ROOT

NOW = int(time.time())
SECRET, OTHER = new_secret(), new_secret()
PRIVATE, PUBLIC = new_key_pair()
BODY = '{"标题":"早餐工程🍜","a":"\\u0000"}'.encode()
MAIN = """final class Main {
    public static void main(String[] none) throws Exception {
        var in = new java.io.BufferedReader(new java.io.InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] a = line.split("\\t", -1);
            byte[] body = Base64.getDecoder().decode(a[5]);
            System.out.println(a[0].equals("sign") ? Webhooks.sign(a[1], a[2], a[3], body)
                : Webhooks.verify(a[1], a[2], a[3], a[4], body, Long.parseLong(a[6])));
        }
    }
}

"""
Java = Callable[[list[tuple[str, str, str, str, bytes]]], list[str]]


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Java:
    program = shutil.which("java")
    if program is None:
        pytest.skip("no JDK here")
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    found = re.search(r"```java\n(.*?)```", page, re.DOTALL)
    assert found is not None
    source: Path = tmp_path_factory.mktemp("java") / "Main.java"
    source.write_text(found[1].replace("final class Webhooks", f"{MAIN}final class Webhooks", 1), encoding="utf-8")

    def run(lines: list[tuple[str, str, str, str, bytes]]) -> list[str]:
        said = "".join(
            "\t".join(
                [
                    "sign" if not signature else "verify",
                    key,
                    message,
                    stamp,
                    signature,
                    b64encode(body).decode(),
                    str(NOW),
                ]
            )
            + "\n"
            for key, message, stamp, signature, body in lines
        )
        command = [program, "-Dfile.encoding=UTF-8", str(source)]
        done = subprocess.run(command, input=said.encode(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().split()

    return run


def test_java_and_we_accept_each_other_and_refuse_the_same(java: Java) -> None:
    stamp = str(NOW)
    both = sign("msg_1", NOW, BODY, [OTHER, SECRET, PRIVATE])
    good = [
        (SECRET, "msg_1", stamp, both, BODY),
        (OTHER, "msg_1", stamp, both, BODY),
        (PUBLIC, "msg_1", stamp, both, BODY),
    ]
    old, new = str(NOW - 301), str(NOW + 301)
    bad = [
        (new_secret(), "msg_1", stamp, both, BODY),
        (new_key_pair()[1], "msg_1", stamp, both, BODY),
        (SECRET, "msg_2", stamp, both, BODY),
        (SECRET, "msg_1", str(NOW + 1), both, BODY),
        (SECRET, "msg_1", stamp, both, BODY + b" "),
        (PUBLIC, "msg_1", stamp, both, BODY + b" "),
        (SECRET, "msg_1", stamp, "v1,AAAA v1a,AAAA nonsense", BODY),
        (SECRET, "msg_1", old, sign("msg_1", int(old), BODY, [SECRET]), BODY),
        (SECRET, "msg_1", new, sign("msg_1", int(new), BODY, [SECRET]), BODY),
        (SECRET, "msg_1", "soon", both, BODY),
    ]
    *verdicts, theirs = java([*good, *bad, (SECRET, "msg_1", stamp, "", BODY)])
    assert verdicts == ["true"] * len(good) + ["false"] * len(bad)
    for key, message, at, signature, body in bad:
        with pytest.raises(InvalidWebhook):
            verify(headers(message, at, signature), body, [key], now=NOW)
    assert verify(headers("msg_1", stamp, theirs), BODY, [SECRET], now=NOW).id == "msg_1"


def headers(message: str, at: str, signature: str) -> dict[str, str]:
    return {"webhook-id": message, "webhook-timestamp": at, "webhook-signature": signature}
