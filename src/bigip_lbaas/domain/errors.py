"""Every error of the service, named by what the caller should do next.

ProviderError                what the caller should do
|- RequestRejected           tell the user (fault) and the operator (detail); nothing was changed
|  |- UnsupportedOption      the same, and the option is one that we do not offer
|  '- AddressTaken           the same, and another load balancer has the address
|- ConfigurationRefused      mend the named option and start again
|- DeviceError               never raised itself; carries the device's name and what it said
|  |- DeviceUnreachable      wait, then try again
|  |  '- OutcomeUnknown       the same, and the commit may have been carried out or be so later
|  |- DeviceBusy             wait, then try again
|  |  '- CommitMet            the same, soon: another commit was under way, this one not begun
|  |- StampRefused           forget what is known of the partition, read it again
|  |- FencedOff              write nothing; report; the home belongs to someone else
|  '- DeviceRefused          stop; provisioning status ERROR; a person must look
|- LeaseExpired              write nothing until a heartbeat is answered
|- BusUnavailable            wait, then send again; the sweep finds what was not sent
|- StoreUnavailable          wait, then try again; nothing was stored
|  |- ConnectionLost         the same; the store has tried once more with a new connection
|  |- WritesRefused          the same; the server takes reads only, as after a fail-over
|  '- CommitUnknown          read what is there before trying again: it may have been stored
|- NoAnswer                  the call may have been carried out; ask again
|- ConcurrentUpdate          read again, decide again
'- IllegalTransition         a bug: let it rise to the process edge
"""


class ProviderError(Exception):
    """The root: whatever the service itself raises."""


class RequestRejected(ProviderError):
    """The request cannot be carried out; nothing was changed.

    fault is a sentence for the user who asked, detail one for the operator.
    """

    def __init__(self, fault: str, detail: str | None = None) -> None:
        """Keep both sentences; without a detail the operator reads the user's."""
        super().__init__(fault)
        self.fault = fault
        self.detail = detail or fault


class UnsupportedOption(RequestRejected):
    """The request asks for something that this driver does not offer."""


class AddressTaken(RequestRejected):
    """Another load balancer has the VIP address already."""


class ConfigurationRefused(ProviderError):
    """An option's value cannot be used; the message names the option and the value."""


class DeviceError(ProviderError):
    """Something about one device; raised as one of its children only."""

    def __init__(self, device: str, said: str) -> None:
        """Name the device (as configured) and repeat what it said or did."""
        super().__init__(f"{device}: {said}")
        self.device = device
        self.said = said


class DeviceUnreachable(DeviceError):
    """The device cannot be talked to: off, rebooting, refusing the login or the certificate."""


class OutcomeUnknown(DeviceUnreachable):
    """A commit was sent and not answered: it may have been carried out, or be so later."""


class DeviceBusy(DeviceError):
    """The device asked to come back later."""


class CommitMet(DeviceBusy):
    """Another commit was under way on the device: this one was not begun."""


class StampRefused(DeviceError):
    """The partition's stamp is not the one that the transaction named; nothing was written."""


class FencedOff(DeviceError):
    """A newer owner has stamped the partition; this agent must not write there."""


class DeviceRefused(DeviceError):
    """The device understood and said no."""


class LeaseExpired(ProviderError):
    """No heartbeat has been answered for too long: this agent may not write now."""


class BusUnavailable(ProviderError):
    """The message could not be handed to the message broker."""


class StoreUnavailable(ProviderError):
    """The shared database cannot be reached or does not take writes."""


class ConnectionLost(StoreUnavailable):
    """The connection broke before the commit was sent: nothing was stored."""


class WritesRefused(StoreUnavailable):
    """The database's server takes no writes: nothing was stored."""


class CommitUnknown(StoreUnavailable):
    """The connection broke during the commit: the work was stored as a whole, or not at all."""


class NoAnswer(ProviderError):
    """A call got no answer in time; it may have been carried out."""


class ConcurrentUpdate(ProviderError):
    """Someone else changed the same rows first."""


class IllegalTransition(ProviderError):
    """A status change that the rules do not know."""
