"""Refuses sections and options of configuration files that no program of ours knows."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from oslo_config import cfg

from bigip_lbaas.domain.errors import ConfigurationRefused

MESSAGING = "oslo_messaging_"  # how the sections begin that oslo.messaging checks by itself
MAIN = "DEFAULT"

Known = Mapping[str, frozenset[str]]  # section -> its options


def check_spelling(files: Sequence[str], known: Known) -> None:
    """Refuse the first section or option that is not known. Raises ConfigurationRefused.

    The files have been parsed before. Values are not repeated: one may be a password.
    """
    for file in files:
        for section, option in _written_in(file):
            if section.startswith(MESSAGING):
                continue
            if section not in known:
                near = _near(section.upper(), (name.upper() for name in known))
                hint = next((name for name in known if name.upper() == near), "")
                raise ConfigurationRefused(
                    f"{file}: there is no section [{section}]" + (f"; [{hint}]?" if hint else "")
                )
            if option not in known[section]:
                raise ConfigurationRefused(
                    f"{file}: [{section}] has no option {option}" + _meant(option, section, known)
                )


def _written_in(file: str) -> Iterator[tuple[str, str]]:
    """Yield section and option of each line, the sections as oslo.config compares them."""
    sections: dict[str, dict[str, list[str]]] = {}
    cfg.ConfigParser(file, sections).parse()
    for section, written in sections.items():
        name = section if section == MAIN else section.lower()
        for option in written:
            yield name, option


def _meant(option: str, section: str, known: Known) -> str:
    elsewhere = [name for name in known if option in known[name]]
    if elsewhere:
        return f"; it belongs in [{elsewhere[0]}]"
    near = _near(option, known[section])
    return f"; {near}?" if near else ""


def _near(word: str, words: Iterator[str] | frozenset[str]) -> str:
    return next(iter(get_close_matches(word, sorted(words), 1)), "")
