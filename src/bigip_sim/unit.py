"""One device with its sockets: HTTPS, the data plane, its cluster, and its power."""

import threading

from bigip_sim.app import Application
from bigip_sim.certificates import CertificateFiles
from bigip_sim.dataplane.plane import DataPlane, Haproxy
from bigip_sim.device import Device
from bigip_sim.server import HttpsServer
from bigip_sim.trust import Plan

ANSWERED_S = 0.3  # that a client may still be answered after it has asked for a reboot
DOWN_S = 1.0
PAIR = "bigip-sim-pair"  # the device group of two that know each other by --peer


class Unit:
    """What a process runs."""

    def __init__(
        self,
        device: Device,
        listen: tuple[str, int],
        files: CertificateFiles,
        haproxy: Haproxy | None,
        why_no_haproxy: str = "",
    ) -> None:
        self.device = device
        self.server = HttpsServer(Application(device), *listen, files)
        self._why_no_haproxy = why_no_haproxy
        self._plane: DataPlane | None = None
        if haproxy is not None:
            self._plane = DataPlane(device.configuration, device.identity.version, haproxy)
            device.plane = self._plane
        self._powered = True
        self._was_active = False
        self._rebooting: threading.Timer | None = None
        device.reboots = self._reboot_soon
        self._switching = threading.Lock()
        self._placing = threading.Lock()
        device.cluster.on_change(self._place)

    @property
    def powered(self) -> bool:
        """Whether it is on."""
        return self._powered

    def start(self) -> None:
        """Listen, carry traffic, watch the other unit."""
        self.server.start()
        if self._plane is not None:
            self._plane.start()
        self.device.cluster.start()
        self._place()

    def stop(self) -> None:
        """End everything."""
        self._end_reboot()
        self.device.cluster.stop()
        self.device.interrupt()
        self.server.close()
        if self._plane is not None:
            self._plane.stop()
        self.device.close()

    def join(self, name: str, url: str) -> None:
        """Become one of a pair with the unit whose control port this is."""
        cluster = self.device.cluster
        cluster.know({name: url})
        cluster.form(Plan(PAIR, tuple(sorted({self.device.identity.name, name}))), in_sync=False)

    def power(self, on: bool, *, loses_unsaved: bool = False) -> None:
        """Switch off (connections are reset and refused, traffic stops), or on again.

        With `loses_unsaved` it comes back with the saved configuration, as a real device does.
        One that is switched off while it reboots stays off.
        """
        if not on:
            self._end_reboot()
        self._switch(on, loses_unsaved=loses_unsaved)

    def _switch(self, on: bool, *, loses_unsaved: bool = False) -> None:
        with self._switching:
            if on == self._powered:
                return
            self._powered = on
            if on:
                self.device.regain_power()
            else:
                self.device.lose_power(loses_unsaved=loses_unsaved)
                self.server.stop()
            self.device.cluster.power(on=on)
            self._place()
            if on:
                self.server.start()

    def reboot(self, for_s: float, *, loses_unsaved: bool = True) -> None:
        """Lose power for so long, at least; returns once it is off."""
        self.power(on=False, loses_unsaved=loses_unsaved)
        self._rebooting = threading.Timer(for_s, self._switch, (True,))
        self._rebooting.daemon = True
        self._rebooting.start()

    def _end_reboot(self) -> None:
        if self._rebooting is not None:
            self._rebooting.cancel()

    def _reboot_soon(self) -> None:
        """Reboot when whoever has asked for it had the time to be answered."""
        self._rebooting = threading.Timer(ANSWERED_S, self.reboot, (DOWN_S,))
        self._rebooting.daemon = True
        self._rebooting.start()

    def told(self) -> dict[str, object]:
        """Return who this is and what it is active for."""
        standing = self.device.standing()
        return {
            "name": self.device.identity.name,
            "powered": self._powered,
            "active": bool(standing.active),
            "active_for": sorted(standing.active),
            "forced_offline": standing.offline,
        }

    def health(self) -> dict[str, object]:
        """Return how the unit goes, for the control API."""
        others = self.device.standing().others
        if self._plane is not None:
            plane = self._plane.health()
        else:
            plane = {
                "state": "off",
                "reason": self._why_no_haproxy,
                "monitored_members": f"taken as {self.device.idle.monitored}",
            }
        return {
            **self.told(),
            "version": self.device.identity.version,
            "serial": self.device.identity.serial,
            "https_port": self.server.port,
            "others": {path.rpartition("/")[2]: state for path, state in others.items()},
            "data_plane": plane,
        }

    def _place(self) -> None:
        with self._placing:  # so that the last word is the latest
            active = self.device.standing().active
            if self._was_active and not active:
                self.device.begin_to_count()
            self._was_active = bool(active)
            if self._plane is not None:
                self._plane.place(powered=self._powered, active=active)
