"""Document numbers (发文字号) and the numbers of orders (令号): read, normalised, spelled for search, found in texts.

Writing is forgiving in (any bracket, full-width digits, blanks) and strict out (one canonical spelling). Whether a
number is taken, and which agency a code belongs to, is not known here.
"""

import re
from dataclasses import dataclass

from services.policy_api.rules.numerals import find_number, write_chinese

_HAN = "\u4e00-\u9fa5"
_OPEN, _CLOSE = "〔[（(【﹝［〖﹙❲〈", "〕]）)】﹞］〗﹚❳〉"
# GB/T 9704-2012 §7.2.5: 六角括号 U+3014/U+3015, and nothing else, stands in a canonical number.
_SPELLING = str.maketrans(
    dict.fromkeys(_OPEN, "〔")
    | dict.fromkeys(_CLOSE, "〕")
    | dict(zip("０１２３４５６７８９", "0123456789", strict=True))
    | dict.fromkeys(" \t\r\n\u3000\u00a0\u2002\u2003\u2009\u202f\u200b\u200c\u200d\u2060\ufeff")
)
# 党政机关公文格式 GB/T 9704-2012 §7.2.5: 年份标全称，发文顺序号不加“第”、不编虚位。
_DOCUMENT = re.compile(rf"([{_HAN}]{{2,12}})〔((?:19|20)[0-9]{{2}})〕([1-9][0-9]{{0,5}})号")
_ORDER = re.compile(
    rf"([{_HAN}]{{1,40}}?)(令|公告|通告)(?:〔?((?:19|20)[0-9]{{2}})(?:〕|年))?第([1-9][0-9]{{0,5}}|[{_HAN}〇○]{{1,9}})号"
)
_LOOSE = re.compile(r"(?P<code>[^〔〕]*)〔(?P<year>[^〔〕]*)〕(?P<rest>.*)")
_SEQ_AFTER = r"第[ \u3000]?(?P<order_seq>[1-9][0-9]{0,5}|[一二三四五六七八九十百千零〇]{1,9})[ \u3000]?号"
_BLANK = r"[ \t\u3000\u00a0]*"
_MENTION = re.compile(
    rf"(?P<open>[〔\[（(【﹝［]){_BLANK}(?P<year>[0-9０-９]{{4}}){_BLANK}[〕\]）)】﹞］]{_BLANK}(?P<seq>[0-9０-９]{{1,6}}){_BLANK}号"
    rf"|(?P<kind>令|公告|通告){_BLANK}(?P<order_year>[〔（(\[]?(?:19|20)[0-9]{{2}}[〕）)\]年])?{_BLANK}{_SEQ_AFTER}"
)
_HAN_BEFORE = re.compile(rf"([{_HAN}]+){_BLANK}$")
# Words that lead up to a number in running text. The exceptions are names: 共和国, 自治区, 自然资源部, 自由贸易, 对外…
_LEAD_IN = re.compile(
    r".*(?:根据|依据|依照|按照|遵照|参照|对照|执行|落实|贯彻|印发|转发|下发|发布|公布|废止|修改|修订|代替|替代|规定|文件|通知"
    r"|意见|办法|决定|关于|以及|同时|其中|详见|参见|提到|提及|参考|引用|收到|原有|或者|下列|上述|所称|号文"
    r"|和(?![国政浩田平硕静龙县布])|自(?![治然由贸])|(?<!自)由|对(?!外)|将(?![政乐])|[的与及或按见以在被是即])"
)
_AFTER_DAY = re.compile(r"[0-9０-９][日年月]$")
_CODE_ENDINGS = frozenset("发字函任令电规办文政")
_MAX_LOOKBACK = 24


@dataclass(frozen=True)
class DocNumber:
    """A 发文字号. Unique by all three together."""

    code: str
    year: int
    seq: int

    @property
    def text(self) -> str:
        """The canonical spelling: 济政办发〔2025〕2号."""
        return f"{self.code}〔{self.year}〕{self.seq}号"


@dataclass(frozen=True)
class OrderNumber:
    """The number of an order (令), or of an announcement numbered the same way; `year` where the issuer counts by year."""

    issuer: str
    seq: int
    year: int | None = None
    kind: str = "令"

    @property
    def text(self) -> str:
        """The canonical spelling: 济南市人民政府令第287号, 交通运输部令2023年第4号."""
        year = "" if self.year is None else f"{self.year}年"
        return f"{self.issuer}{self.kind}{year}第{self.seq}号"


def parse_doc_number(raw: str) -> DocNumber | OrderNumber:
    """The number, whatever brackets, digits and blanks it is written with; ValueError says in Chinese what is wrong."""
    found = _DOCUMENT.fullmatch(raw)
    if found is None:
        text = raw.translate(_SPELLING)
        found = _DOCUMENT.fullmatch(text)
    if found is not None:
        return DocNumber(found[1], int(found[2]), int(found[3]))
    if found := _ORDER.fullmatch(text):
        seq = find_number(found[4]) if not found[4].isascii() else int(found[4])
        if seq:
            return OrderNumber(found[1], seq, int(found[3]) if found[3] else None, found[2])
    raise ValueError(_explain(text))


def written_alike(part: str) -> str:
    """Part of a number with the brackets and digits of a canonical one, whatever it was typed with."""
    return part.translate(_SPELLING)


def is_canonical(raw: str) -> bool:
    """Whether it is a number and already spelled as it is stored."""
    try:
        return parse_doc_number(raw).text == raw
    except ValueError:
        return False


def doc_number_variants(text: str) -> list[str]:
    """Spellings under which somebody may search, the canonical one first; what is no number comes back as it is."""
    try:
        number = parse_doc_number(text)
    except ValueError:
        return [text.strip()] if text.strip() else []
    spellings = _document_spellings(number) if isinstance(number, DocNumber) else _order_spellings(number)
    return list(dict.fromkeys(spellings))


def find_doc_numbers(text: str) -> list[str]:
    """Canonical numbers that a running text mentions, each once, in order of first mention.

    Only six-cornered brackets prove a number; within others the code must end as codes do, so that
    `附件（2025）1号` is none. Words leading up to a number (根据…) are left off.
    """
    found = (_read_mention(text, mention) for mention in _MENTION.finditer(text))
    return list(dict.fromkeys(number.text for number in found if number is not None))


def _explain(text: str) -> str:
    """What is wrong with a normalised spelling that is no number."""
    example = "，例如“济政办发〔2025〕2号”或“济南市人民政府令第287号”"
    if not text:
        return "发文字号是空的；没有发文字号时请不要填写" + example
    loose = _LOOSE.fullmatch(text)
    if loose is None:
        return "发文字号应由机关代字、六角括号括起的四位年份和顺序号组成" + example
    if not re.fullmatch(rf"[{_HAN}]{{2,12}}", loose["code"]):
        return f"机关代字应为2至12个汉字，收到的是“{loose['code'][:20]}”{example}"
    if not re.fullmatch(r"(?:19|20)[0-9]{2}", loose["year"]):
        return f"年份应写四位数字（如〔2025〕），收到的是〔{loose['year'][:10]}〕"
    return _explain_seq(loose["code"] + f"〔{loose['year']}〕", loose["rest"][:12])


def _explain_seq(start: str, rest: str) -> str:
    if rest.startswith("第"):
        return f"顺序号前不加“第”：应写“{start}{rest[1:]}”"
    if re.fullmatch(r"0[0-9]*号?", rest):
        return f"顺序号不编虚位（不以0开头），收到的是“{rest}”"
    if not rest.endswith("号"):
        return f"顺序号之后应以“号”结尾，收到的是“{rest}”"
    return f"顺序号应为1至6位数字，收到的是“{rest}”"


def _document_spellings(number: DocNumber) -> list[str]:
    code, year, seq = number.code, number.year, number.seq
    bracketed = [f"{code}{left}{year}{right}{seq}号" for left, right in ("〔〕", "[]", "()", "（）", "【】", "［］")]
    return [
        *bracketed,
        f"{code}{year}{seq}号",
        f"{code}{year}年{seq}号",
        f"{code} {year} {seq}号",
        f"{code} {year} {seq}",
        f"{code}{year}-{seq}",
        f"{code}〔{year}〕第{seq}号",
    ]


def _order_spellings(number: OrderNumber) -> list[str]:
    year = "" if number.year is None else f"{number.year}年"
    years = [year] if not year else [year, f"〔{number.year}〕", f"[{number.year}]", f"（{number.year}）"]
    seqs = [f"第{number.seq}号", f"{number.seq}号"]
    if number.year is None:
        seqs.append(f"第{write_chinese(number.seq)}号" if number.seq <= 9999 else seqs[0])
    issuers = [number.issuer, *_issuer_aliases(number.issuer)]
    return [f"{issuer}{number.kind}{year}{seq}" for issuer in issuers for year in years for seq in seqs]


def _issuer_aliases(issuer: str) -> list[str]:
    """Longer and shorter names under which the same issuer signs orders."""
    aliases = []
    if issuer in ("国", "国务院", "中华人民共和国国务院"):
        aliases = ["国务院", "中华人民共和国国务院", "国"]
    elif issuer.startswith("中华人民共和国"):
        aliases = [issuer.removeprefix("中华人民共和国")]
    elif issuer == "主席":
        aliases = ["中华人民共和国主席"]
    elif issuer.endswith("人民政府"):
        aliases = [issuer.removesuffix("人民政府") + "政府"]
    elif issuer.endswith("政府"):
        aliases = [issuer.removesuffix("政府") + "人民政府"]
    return [alias for alias in aliases if alias and alias != issuer]


def _read_mention(text: str, mention: re.Match[str]) -> DocNumber | OrderNumber | None:
    before = _HAN_BEFORE.search(text, max(mention.start() - _MAX_LOOKBACK, 0), mention.start())
    if before is None:
        return None
    lead = before[1]
    if _AFTER_DAY.search(text[max(before.start() - 1, 0) : before.start() + 1]):
        lead = lead[1:]  # The day before an issuer's name: 2024年1月5日济南市人民政府令.
    lead = _LEAD_IN.sub("", lead)
    if mention["kind"] is None:
        if mention["open"] != "〔" and lead[-1:] not in _CODE_ENDINGS:
            return None
        lead = lead[-12:]
    try:
        return parse_doc_number(lead + mention[0])
    except ValueError:
        return None
