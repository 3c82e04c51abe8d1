"""Secrets in pasted commands, command output and configuration."""

# ruff: noqa: E501  (a pattern is read best in one line)
import re
from collections.abc import Iterator

from redaction.false_alarms import is_elsewhere, is_mixed, is_plain, is_reference, is_word
from redaction.kinds import COMMUNITY, KEY, PASSWORD, TOKEN, Found

_V = r"(?P<q>[\"'])?(?P<value>(?(q)[^\"'\n]{1,100}|[^\s\"'|;&]{1,100}))"


def _re(pattern: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile(pattern, flags)


# What comes after these is a secret, unless it is a variable, an option or a lone asterisk ("ask me").
_SURE: tuple[tuple[re.Pattern[str], str], ...] = (
    (_re(rf"\bnet1? +use\b[^\n]{{0,160}}?\s/u(?:ser)?:(?:\"[^\"\n]{{1,80}}\"|[^\s\"]{{1,80}})[ \t]+(?!/){_V}"), PASSWORD),
    (_re(rf"\bnet1? +use +(?:[a-z]:|\*)? *\\\\[^\s\\]{{1,80}}\\[^\s]{{1,120}}[ \t]+(?![/\"']?/){_V}(?=[^\n]{{0,120}}\s/u(?:ser)?:)"), PASSWORD),
    (_re(rf"\bConvertTo-SecureString(?:\s+-(?:AsPlainText|Force))*\s+(?:-String\s+)?(?!-)(?:\$\(?)?{_V}(?=[^\n]{{0,80}}-AsPlainText)?"), PASSWORD),
    (_re(r"(?<![\w\"'])(?P<q>[\"'])(?P<value>[^\"'\n]{3,100})(?P=q)\s*\|\s*ConvertTo-SecureString"), PASSWORD),
    (_re(r"\b(?:NetworkCredential|PSCredential)\S{0,10}\(\s*[\"'][^\"'\n]{1,80}[\"']\s*,\s*[\"'](?P<value>[^\"'\n]{1,100})[\"']"), PASSWORD),
    (_re(rf"\bsshpass +-p *{_V}"), PASSWORD),
    (_re(r"\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n|;]{0,120}?\s-p(?P<q>[\"'])?(?P<value>(?(q)[^\"'\n]{1,80}|[^\s\"'|;&]{3,80}))", 0), PASSWORD),
    (
        _re(
            rf"\b(?:psexec(?:64)?|paexec|winexe|wmic|evil-winrm|docker +login|podman +login|az +login|racadm|rdesktop|htpasswd|smbclient|vncdo|7z|unrar|ipmitool|"
            rf"mosquitto_\w+|crackmapexec|nxc|rpcclient|ncftp\w*|lftp)\b[^\n|;]{{0,160}}?\s-p(?:ass|w)?(?:\s+|(?=[\"'\w])){_V}",
            0,
        ),
        PASSWORD,
    ),
    (_re(rf"\b(?:sqlcmd|bcp|osql|isql|zip|unzip|ipmitool|mongo\w*)\b[^\n|;]{{0,160}}?\s-P(?:\s+|(?=[\"'\w])){_V}", 0), PASSWORD),
    (_re(rf"\b(?:ldapsearch|ldapmodify|ldapadd|ldapwhoami)\b[^\n|;]{{0,200}}?\s-w\s*{_V}", 0), PASSWORD),
    (_re(rf"\b(?:plink|pscp|psftp|putty|kitty)\b[^\n|;]{{0,160}}?\s-pw\s+{_V}"), PASSWORD),
    (_re(rf"\bsnmp(?:walk|get|set|bulkwalk|bulkget|getnext|table|status)\b[^\n|;]{{0,80}}?\s-c\s*{_V}", 0), COMMUNITY),
    (_re(rf"\bsnmp(?:walk|get|set|bulkwalk|bulkget)\b[^\n|;]{{0,120}}?\s-[AX]\s+{_V}", 0), PASSWORD),
    (_re(r"\bsnmp-server +community +(?:[07] +)?(?P<value>[^\s]{2,64})"), COMMUNITY),
    (_re(r"\bsnmp-server +host +\S+ +(?:(?:traps|informs|version +\w+) +)*(?P<value>(?!traps|informs|version)[^\s]{3,64})"), COMMUNITY),
    (_re(r"\b(?:curl|wget|http)\b[^\n|;]{0,300}?\s(?:-u|--user|--proxy-user)[ =]?[\"']?[^\s:\"']{1,80}:(?P<value>[^\s\"']{1,100})", 0), PASSWORD),
    (_re(rf"(?<![\w-])--?(?:passw(?:or)?d|passphrase|storepass|keypass|userpassword|adminpassword|accountpassword|sa-?password|db-?password)(?:[ =]+|:){_V}"), PASSWORD),
    (_re(rf"(?<![\w-])--(?:[a-z]{{2,12}}-)?pass(?:[ =]+){_V}"), PASSWORD),
    (_re(rf"(?<![\w-])--?(?:[a-z]{{2,12}}-)?(?:api-?key|client-?secret|secret|shared-?secret|psk|sharedkey)(?:[ =]+|:){_V}"), KEY),
    (_re(rf"(?<![\w-])--?(?:[a-z]{{2,12}}-)?(?:auth-?)?token(?:[ =]+|:){_V}"), TOKEN),
    (_re(rf"(?<=\s)/(?:pass(?:word)?|pwd|p|rp|userpassword|adminpass(?:word)?):{_V}"), PASSWORD),
    (_re(rf"\b(?:schtasks|at|wmic)\b[^\n]{{0,240}}?\s/r?p\s+{_V}"), PASSWORD),
    (_re(r"\b(?:enable|username +\S+(?: +privilege +\d+)?) +(?:secret|password) +(?:[0-9] +)?(?P<value>(?!(?:is|was|and|for|not|the|to)\b)[^\s]{4,200})"), PASSWORD),
    (_re(r"^ *(?:password|key) +[0-9] +(?P<value>[^\s]{4,200})", re.IGNORECASE | re.MULTILINE), PASSWORD),
    (_re(r"\bset +(?:password|passwd|psksecret|ppk-secret|key) +(?:ENC +)?(?!ENC\b)(?P<q>\")?(?P<value>(?(q)[^\"\n]{3,300}|(?!to\b|for\b|in\b)\S{6,300}))"), PASSWORD),
    (_re(r"\b(?:crypto +isakmp +key|radius-server +key|tacacs-server +key|(?:ikev[12] +(?:remote-|local-)?authentication +)?pre-shared-key) +(?:(?:address|ascii-text|hex|local|remote|[0-9]) +)*(?P<value>(?!address\b)[^\s]{4,200})"), KEY),
    (_re(r"\bwpa-psk +(?:ascii|hex) +(?:[0-9] +)?(?P<value>[^\s]{8,64})"), KEY),
    (_re(r"\bpassword 51:b:(?P<value>[0-9A-F]{16,})"), PASSWORD),
    (_re(r"\b(?:Proxy-)?Authorization\s*[:=]\s*[\"']?(?:Bearer|Basic|Token|Negotiate|NTLM|ApiKey|Digest)\s+(?P<value>[\w.~+/=-]{6,8000})"), TOKEN),
    (_re(r"\bBearer\s+(?P<value>(?=[\w.~+/=-]*\d)[\w.~+/=-]{12,8000})"), TOKEN),
    (_re(r"\b(?:X-)?(?:Api-?Key|Auth-?Token|Access-?Token|Functions-Key|Vault-Token)\s*:\s*(?P<value>[\w.~+/=-]{6,4000})"), KEY),
    (_re(r"\b(?:AccountKey|SharedAccessKey|SharedAccessSignature|SharedSecretValue)=(?P<value>[A-Za-z0-9+/=%&_-]{8,400})"), KEY),
    (_re(r"\b(?:keystore|truststore|key)\.(?:password|pass)=(?P<value>\S{3,100})"), PASSWORD),
    (_re(r"\bpassin +pass:(?P<value>\S{2,100})"), PASSWORD),
    (_re(r"\bmachine\s+\S+\s+login\s+\S+\s+password\s+(?P<value>\S{2,100})"), PASSWORD),
    (_re(r"\bcmdkey\b[^\n]{0,160}?/pass:(?P<q>\")?(?P<value>(?(q)[^\"\n]{1,100}|\S{1,100}))"), PASSWORD),
    (_re(r"\bchpasswd\b.{0,3}<<<\s*[\"']?[\w.-]+:(?P<value>[^\s\"']{2,100})"), PASSWORD),
    (_re(r"\becho\s+[\"']?[\w.-]+:(?P<value>[^\s\"'|]{2,100})[\"']?\s*\|\s*(?:sudo\s+)?chpasswd"), PASSWORD),
    (_re(r"\b(?:PIPED|echo)\s+[\"']?(?P<value>[^\s\"'|]{2,100})[\"']?\s*\|\s*(?:sudo\s+-S|passwd\s+--stdin|docker\s+login)"), PASSWORD),
    (_re(r"\bIDENTIFIED\s+(?:WITH\s+\S+\s+)?BY\s+(?:PASSWORD\s+)?['\"](?P<value>[^'\"\n]{1,200})['\"]"), PASSWORD),
    (_re(r"\b(?:PASSWORD|SECRET)\s*=\s*N?'(?P<value>[^'\n]{3,200})'"), PASSWORD),
)  # fmt: skip
# Needs a second look, because people also write about the command.
_NET_USER = _re(
    r"\bnet1? +user +(?:\"[^\"\n]{1,60}\"|[^\s/\"]+) +(?![/*])(?P<q>\")?(?P<value>(?(q)[^\"\n]{1,100}|[^\s\"]{1,100}))(?P<rest>[ \t]+/(?:add|domain|active|expires|y)\b|[ \t]*$)?",
    re.IGNORECASE | re.MULTILINE,
)
_HINT = re.compile(
    r"net1? +use|securestring|credential|-p|-P|-w|-u\b|-c\b|-A\b|/p|/rp|snmp|passw|pass|pwd|secret|token|key|psk|authoriz|bearer|signature|isakmp|IDENTIFIED|chpasswd|sudo|stdin",
    re.IGNORECASE,
)


def by_command(text: str) -> Iterator[Found]:
    if not _HINT.search(text):
        return
    for pattern, kind in _SURE:
        for match in pattern.finditer(text):
            value = match["value"].rstrip(".,;)]}")
            if _is_one(value):
                yield Found(match.start("value"), match.start("value") + len(value), kind)
    for match in _NET_USER.finditer(text):
        value = match["value"].rstrip(".,;")
        if _is_one(value) and not is_word(value) and (is_mixed(value) or match["rest"]):
            yield Found(match.start("value"), match.start("value") + len(value), PASSWORD)


def _is_one(value: str) -> bool:
    if len(value) < 2 or value.startswith(("-", "[hidden")) or is_elsewhere(value) or value in ("public", "private"):
        return False
    if is_plain(value) and is_word(value):
        return False
    return not is_reference(value, loose=True) or value.isdigit()
