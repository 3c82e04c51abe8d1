"""Playbooks: the built-in ones load, mistakes are reported with file and line, and tickets match the right one."""

from pathlib import Path

import pytest

from assistant.knowledge import match, playbooks
from playbooks.library import BUILT_IN, PlaybookErrors, load

GOOD = """\
slug: kettle
title: A cold kettle
domain: Kitchen
signs: {kettle: 5}
discovery:
  - id: since
    title: When did it stop heating?
    why: The time points to what changed.
questions:
  - id: plug
    title: Is it plugged in?
    why: Nothing works without power.
    if_no: {unplugged: 5}
checks:
  - id: light
    title: Check the light
    why: It shows whether there is power.
    command: Get-Kettle
    shows: If the light is off, there is no power.
causes:
  - id: unplugged
    text: a kettle without power
    signs: {dark: 4}
    needs: [plug, light]
fixes:
  - cause: unplugged
    title: Plug it in
    detail: Use the outlet next to it.
    verify: The light is on.
"""

TICKETS = {
    "Outlook keeps saying disconnected since this morning, webmail works fine.": "mail-flow",
    "Client gets a bounce 5.7.1 when she writes to external addresses. Other people can send.": "mail-flow",
    "Shared mailbox info@ does not show new mails in Outlook.": "mail-flow",
    "Our newsletters land in the spam folder at customers, somebody mentioned SPF and DKIM.": "mail-flow",
    "He has a new phone and the Authenticator app shows nothing, so he cannot sign in to Microsoft 365.": "m365-sign-in",
    "MFA code never arrives by text message, user is stuck on the Microsoft login page.": "m365-sign-in",
    "Conditional access blocks the director from his hotel. AADSTS53003.": "m365-sign-in",
    "User can't connect to the VPN from home, error 809.": "vpn",
    "FortiClient stops at 98 percent and then says credential or SSLVPN configuration is wrong.": "vpn",
    "VPN connects but she cannot reach the file server by name.": "vpn",
    "Wi-Fi drops every few minutes in the meeting room, other rooms are fine.": "wifi",
    "laptop does not see the company SSID any more after the update": "wifi",
    "Wireless is very slow on the second floor since we moved the access points.": "wifi",
    "Whole office has no internet, phones work on mobile data.": "internet-dns",
    "Chrome shows DNS_PROBE_FINISHED_NXDOMAIN for every page on one PC.": "internet-dns",
    "Internet connection is flaky at the branch, ping shows packet loss to the ISP.": "internet-dns",
    "The printer on the ground floor shows offline, nobody can print.": "printing",
    "Print jobs are stuck in the queue and can not be deleted.": "printing",
    "Scan to email stopped working on the Ricoh copier last week.": "printing",
    "Her computer is very slow since yesterday, the fan is loud.": "slow-computer",
    "Blue screen twice a day on a Dell laptop after the driver update.": "slow-computer",
    "PC takes ages to boot, task manager shows disk 100 percent.": "slow-computer",
    "C drive is full on the terminal server, only 200 MB free space left.": "disk-full",
    "Low disk space warning on SRV-SQL01, volume D.": "disk-full",
    "No space left on device when the database writes.": "disk-full",
    "Account of Mrs Weber locks out every hour since she changed her password.": "account-lockout",
    "User forgot password and is now locked out of Windows.": "account-lockout",
    "Please unlock the account of our apprentice, it is locked again.": "account-lockout",
    "Network drive Z is gone, error 0x80070035 the network path was not found.": "file-shares",
    "Marketing gets access denied on the shared folder Projects.": "file-shares",
    "NFS mount hangs with stale file handle on two clients.": "file-shares",
    "Veeam backup job failed last night with a VSS error.": "backup",
    "Nightly backup has not run for three days, report is red.": "backup",
    "Please restore a file from last week's backup, Excel sheet was overwritten.": "backup",
    "User clicked on a link in a suspicious email and entered her password.": "phishing-malware",
    "Ransom note on the desktop, all documents are encrypted.": "phishing-malware",
    "Account sends spam to all contacts, looks hacked.": "phishing-malware",
    "Remote desktop to the terminal server says an internal error has occurred.": "remote-desktop",
    "RDP session shows a black screen after login.": "remote-desktop",
    "CredSSP encryption oracle error when he connects with mstsc.": "remote-desktop",
    "Nobody can hear me in Teams calls, headset is connected.": "teams-calls",
    "Teams meeting audio is choppy for everyone in the conference room.": "teams-calls",
    "Camera is black in video calls since the new docking station.": "teams-calls",
    "There are currently no logon servers available at the branch office.": "active-directory",
    "Replication between DC01 and DC02 fails, repadmin shows error 8614.": "active-directory",
    "GPO for the new desktop wallpaper is not applied, gpupdate gives an error.": "active-directory",
    "SSH to the web server says connection refused after the reboot.": "linux-server",
    "apt-get upgrade stops with unmet dependencies on our Ubuntu box.": "linux-server",
    "nginx does not start after we edited the config, systemctl says failed.": "linux-server",
    "Thunderbird asks for the password again and again, IMAP at GMX.": "mail-client",
    "Since the new computer all folders in Thunderbird are empty.": "mail-client",
    "Sending fails with 535 on the outgoing server (SMTP), Gmail account with two factor.": "mail-client",
}

TYPOS = {
    "outlok does not recieve mails": "mail-flow",
    "prnter offline, cannot pritn": "printing",
    "vpn conection fails at home ofice": "vpn",
    "Thundrebird lost all my emials": "mail-client",
}

UNFIT = [
    "Please order two monitors for the new colleague.",
    "The coffee machine in the kitchen leaks again.",
    "Can you send me the invoice for October?",
    "It does not work.",
    "When does the office close on Friday?",
    "We would like an offer for five licences of the drawing program.",
    "The elevator is stuck between the floors.",
    "Hello, please call me back.",
    "",
]


def write(folder: Path, text: str, name: str = "kettle.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(PlaybookErrors) as caught:
        load(folder)
    return caught.value.errors


def test_every_product_playbook_loads() -> None:
    known = load(BUILT_IN)

    assert len(known) >= 15
    assert [playbook.slug for playbook in known] == [path.stem for path in sorted(BUILT_IN.glob("*.yaml"))]


def test_every_product_playbook_can_lead_to_a_fix() -> None:
    for playbook in playbooks():
        if playbook.signs:
            assert len(playbook.checks) >= 3 and len(playbook.causes) >= 4, playbook.slug
            assert any(check.command for check in playbook.checks), playbook.slug


def test_a_good_playbook_of_another_folder_loads_beside_the_products_own(tmp_path: Path) -> None:
    folder = write(tmp_path / "extra", GOOD)

    assert load(BUILT_IN, folder)[-1].slug == "kettle"


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("command: Get-Kettle", "command: [Get-Kettle]", "kettle.yaml:18: checks[0].command: must be a string"),
        ("domain: Kitchen\n", "", "kettle.yaml:1: domain: is missing"),
        ("    why: It shows whether there is power.\n", "", "kettle.yaml:15: checks[0].why: is missing"),
        ("signs: {kettle: 5}", "signs: {kettle: 9}", "kettle.yaml:4: signs.kettle: must be at most 5"),
        ("signs: {kettle: 5}", "signs: {kettle: much}", "kettle.yaml:4: signs.kettle: must be a whole number"),
        ("signs: {kettle: 5}", "signs: [kettle]", "kettle.yaml:4: signs: must be a mapping"),
        ("signs: {dark: 4}", "signs: {'!!': 4}", "kettle.yaml:23: causes[0].signs.!!: is not a usable phrase"),
        ("slug: kettle", "slug: kettle\ncolour: red", "kettle.yaml:2: colour: is not a known key"),
        ("title: Plug it in", "title: Plug it in\n    title: Plug it out", "kettle.yaml:28: fixes[0].title: is here twice"),
        ("cause: unplugged", "cause: broken", "kettle.yaml:26: fixes[0].cause: 'broken' is not a cause"),
        ("needs: [plug, light]", "needs: [plug, heat]", "kettle.yaml:24: causes[0].needs[1]: 'heat' is neither a question nor a check"),
        ("if_no: {unplugged: 5}", "if_no: {gone: 5}", "kettle.yaml:13: questions[0].if_no.gone: is not a cause"),
        ("- id: light", "- id: plug", "kettle.yaml:15: checks[0].id: 'plug' is used twice"),
        ("shows: If the light is off, there is no power.", "shows: Dark: no power", "kettle.yaml:19: is not valid YAML"),
        ("signs: {dark: 4}", "signs: &again {dark: 4}\n    against: *again", "is an alias"),
    ],
)
def test_a_mistake_is_named_by_file_and_line(tmp_path: Path, old: str, new: str, wanted: str) -> None:
    assert old in GOOD
    folder = write(tmp_path / "bad", GOOD.replace(old, new, 1))

    assert any(wanted in error for error in mistakes(folder)), mistakes(folder)


def test_all_mistakes_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    folder = write(tmp_path / "bad", GOOD.replace("command: Get-Kettle", "command: 7").replace("domain: Kitchen", "domain: []"), "a.yaml")
    write(folder, "- just\n- a list\n", "b.yaml")
    (folder / "c.yaml").write_bytes(b"slug: \xff\xfe")

    found = mistakes(folder)

    assert [error.split(":")[0] for error in found] == ["a.yaml", "a.yaml", "b.yaml", "c.yaml"]


def test_two_files_cannot_have_the_same_slug(tmp_path: Path) -> None:
    folder = write(tmp_path / "twice", GOOD, "first.yaml")
    write(folder, GOOD, "second.yaml")

    assert mistakes(folder) == ["second.yaml:1: slug: 'kettle' is already used by first.yaml"]


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    assert mistakes(tmp_path / "nowhere") == ["nowhere:0: is not a folder"]


def test_an_error_code_is_a_phrase_without_quotes(tmp_path: Path) -> None:
    folder = write(tmp_path / "codes", GOOD.replace("signs: {kettle: 5}", "signs: {0x0000011b: 5, 5.10: 4}"))

    assert set(load(folder)[0].signs) == {"0x0000011b", "5.10"}


@pytest.mark.parametrize(("text", "slug"), (TICKETS | TYPOS).items())
def test_a_ticket_finds_its_playbook(text: str, slug: str) -> None:
    found = match(text)

    assert found and found[0].playbook.slug == slug, [(hit.playbook.slug, hit.words) for hit in found[:3]]


@pytest.mark.parametrize("text", UNFIT)
def test_nothing_is_claimed_where_nothing_fits(text: str) -> None:
    assert match(text) == []


def test_what_works_fine_is_not_the_problem() -> None:
    assert match("VPN works fine") == []
    assert match("The VPN works fine but the printer is offline")[0].playbook.slug == "printing"
    assert match("There is no problem with the printer") == []


def test_a_match_tells_the_words_that_decided() -> None:
    found = match("Print jobs hang in the print queue since the spooler crashed")[0]

    assert "spooler" in found.words and "print queue" in found.words
    assert 0.5 < found.score <= 1


def test_matching_is_the_same_every_time() -> None:
    text = " ".join(TICKETS)

    assert match(text) == match(text)
