"""What a web page prints around a document (字体、打印、分享、当前位置…), recognised line by line and left out.

Knows words that pages use. Lines that could be the document's own (来源：…) are only dropped near its ends.
"""

import re

_EDGE_LINES = 40
_LONGEST = 240
_ANYWHERE = re.compile(
    r"(?:[【\[（(]?\s*字\s*(?:体|号)\s*[：:]?\s*(?:大|中|小|默认|超大|\s|[|｜/])+[】\]）)]?\s*)+"
    r"|[【\[]?\s*(?:打印|打印本页|我要打印|关闭|关闭窗口|收藏|纠错|我要纠错|分享|返回顶部|返回列表|返回首页|语音播报|朗读|下载)"
    r"(?:\s*[|｜]?\s*(?:打印|关闭|收藏|纠错|分享|下载|返回))*\s*[】\]]?"
    r"|(?:您)?当前(?:所在)?的?位置(?:是)?\s*[：:].*"
    r"|首页\s*[>＞»].*"
    r"|(?:分享到|扫一扫|微信扫|用微信扫).{0,40}"
    r"|关注\s*[·•・]\s*.{1,20}"
    r"|(?:[-—_*=]\s*){3,}"
    r"|.{0,60}\s*-->"
    r"|.{2,80}\s-\s.{2,20}(?:门户网站|政府网)"
    r"|快转发给需要的人！?"
)
_AT_EDGES = re.compile(
    r"(?:信息来源|来源|稿件来源|文章来源|发布机构|发布时间|发布日期|更新时间|浏览次数|阅读次数|点击数|点击率|访问量|责任编辑|作者|编辑)\s*[：:].*"
    r"|(?:主办单位|承办单位|版权所有|技术支持|网站标识码|政府网站标识码)\s*[：:].*"
    r"|.*(?:ICP备|公网安备).*"
    r"|(?:上一篇|下一篇|相关链接|相关解读|相关文档|相关文件|相关新闻|相关附件)\s*[：:]?.{0,100}"
    r"|[【\[](?:文字|音频|视频|图文|一图)?(?:解读|读懂)[】\]].*"
    r"|点击查看政策解读.*"
)
_REPRINT = re.compile(r"[（(\[【]\s*转载\s*[)）\]】]")


def remove_furniture(text: str) -> list[str]:
    """The document's lines, stripped; empty ones kept as empty strings, never two in a row."""
    lines = [line.strip(" \t\r\u3000\xa0\ufeff") for line in text.split("\n")]
    kept: list[str] = []
    for number, line in enumerate(lines):
        at_edge = number < _EDGE_LINES or number >= len(lines) - _EDGE_LINES
        if line and not _is_furniture(line, at_edge=at_edge):
            kept.append(_REPRINT.sub("", line) if at_edge else line)
        elif kept and kept[-1] and not line:
            kept.append("")
    return _without_repetition(kept)


def _is_furniture(line: str, *, at_edge: bool) -> bool:
    if len(line) > _LONGEST:
        return False
    return _ANYWHERE.fullmatch(line) is not None or (at_edge and _AT_EDGES.fullmatch(line) is not None)


def _without_repetition(lines: list[str]) -> list[str]:
    """A title that the page prints over and over above the text stays where it stands last."""
    end = next((i for i, line in enumerate(lines[:_EDGE_LINES]) if "。" in line), min(len(lines), _EDGE_LINES))
    last = {line: number for number, line in enumerate(lines[:end])}
    return [line for number, line in enumerate(lines[:end]) if not line or last[line] == number] + lines[end:]
