"""A request as it would go to its model from this workspace: over the wire, or as a chat model would be given it.

Invariant: nothing is sent, and no key is read out of the environment into it.
"""

from __future__ import annotations

from greenroom.assembly.world import model_of
from greenroom.core.clock import SystemClock
from greenroom.core.errors import UsageError
from greenroom.core.messages import ModelRequest
from greenroom.models.litellm_model import LitellmModel
from greenroom.models.litellm_raw import Wire, chat_form, wire_of
from greenroom.workspace.layout import Workspace
from greenroom.workspace.model_tables import require_same
from greenroom.workspace.settings import load_settings

SCRIPTED = "a scripted model answers in this process; this is what a chat model would be given"


def wire(workspace: Workspace, request: ModelRequest, model: str = "", table: str = "") -> Wire:
    """The request for its own model, reached as `table` says, or for another one by its name or alias. Blocks: litellm may have to be loaded.

    Raises:
        FileInvalid: greenroom.toml is broken, or does not say any more how the model is reached.
        ServiceUnavailable: litellm does not know the model, or refuses the request before it is sent.
    """
    settings = load_settings(workspace)
    if model:
        request = request.model_copy(update={"model": settings.model_name(model)})
    if request.model.startswith("scripted/"):
        return chat_form(request, SCRIPTED)
    if not model:
        require_same(settings, table, request.model)
    made = model_of(workspace, settings, model or table or request.model, SystemClock(), instant=True)
    assert isinstance(made, LitellmModel)
    return wire_of(made, request)


def must_lead_somewhere(found: Wire) -> Wire:
    """The wire, if there is an address to send to.

    Raises:
        UsageError: there is none.
    """
    if not found.url:
        raise UsageError(
            "a scripted model has no address that curl could ask",
            hint="name a model: greenroom session prompt SESSION --format curl --model NAME",
            code="prompt.no_wire",
        )
    return found
