"""How to write a rule, from nothing to proof: what `greenroom policy --help` and `greenroom help policy` say.

Invariant: the example is a whole policy file that passes its own check and tests with the helpdesk's tools (a test runs it).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

STEPS = """\
A policy is a file policies/NAME.toml that a persona names in its persona.toml: [policy] files = ["NAME"].
It holds rules. A rule says where it looks (hook, tools), when it fires (when, any, find), what then happens (then),
why, and its own tests. The strictest rule that fires decides; the order of rules and files never matters.

  1  write   a [[rule]] with [[rule.test]]s; copy one from policies/, or from: greenroom help policy
  2  check   greenroom policy check                              typos, types, rules that never fire or decide
  3  test    greenroom policy test                               the tests inside the file, as a matrix
  4  try     greenroom policy explain orders.refund amount=120   what would be decided now, clause by clause
  5  compare greenroom policy compare --over all                 which recorded decisions would flip
  6  run     greenroom run aria "refund 120 EUR for order 1001", then greenroom policy explain last
  7  cover   greenroom policy cover                              which rules never fired so far
"""

_EXAMPLE = """\
schema  = "policy/1"
id      = "returns"                     # verdicts cite it as returns@1.0.0
version = "1.0.0"

[[rule]]
id    = "refund.first-turn"             # unique in this file
why   = "Nobody is paid before the order was talked about: above 20 EUR a person looks first."
hook  = "tool.call"                     # one, or a list
tools = ["orders.refund"]               # names or patterns (orders.*); for tool.call and tool.result only
when  = ["args.amount > 20", "session.turn == 1"]   # CEL; all must hold; any = [...] gives alternatives
then  = "require_approval"              # allow, redact, require_approval, escalate or deny
risk  = { base = 20, add = [["args.amount > 50", 10]] }
ask   = { role = "operator", deadline = "15m", then = ["escalate:lead", "deny"] }
show  = ["args.amount", "args.order_id"]            # what the person asked sees first
# mode = "observe"                      # record it, but do not act

  [[rule.test]]
  name = "30 EUR in the first turn"
  with = { args = { order_id = 1001, amount = 30 }, session = { turn = 1 } }
  expect = "require_approval"

  [[rule.test]]
  name = "later in the conversation"
  with = { args = { order_id = 1001, amount = 30 }, session = { turn = 4 } }
  expect = "no_match"

  [[rule.test]]
  name = "a missing amount must not slip through"   # a clause that cannot be evaluated makes a rule fire
  with = { args = {}, session = { turn = 1 } }
  expect = "require_approval"

[[rule]]
id   = "phone.out"
why  = "A phone number of a customer does not belong in a mail."
hook = "tool.call"
tools = ["mail.send"]
find = ["personal.phone"]               # detectors: greenroom policy detectors
then = "redact"                         # exactly what was found, nothing around it

  [[rule.test]]
  name = "a number in the body"
  with = { args = { to = "help@northwind.example", subject = "s", body = "call +49 30 901820" } }
  expect = "redact"

  [[rule.test]]
  name = "a price"
  with = { args = { to = "help@northwind.example", subject = "s", body = "it costs 120.00 EUR" } }
  expect = "no_match"

[[exception]]                           # "always allow this": what autonomy asks about, for exactly these calls
rule    = "autonomy"                    # or the id of a rule in this file; then without 'tools'
owner   = "kim@northwind.example"       # who answers for it
expires = {expires}                    # after that day it has no effect
why     = "Tickets about deliveries need no question."
tools   = ["tickets.create"]
when    = ["args.subject.startsWith('Delivery')"]

  [[exception.test]]
  name = "a delivery"
  with = { args = { subject = "Delivery of order 1001", body = "b" } }
  expect = "set_aside"

  [[exception.test]]
  name = "anything else"
  with = { args = { subject = "Refund", body = "b" } }
  expect = "in_force"
"""

MEANING = """\
what happens
  allow             only records that the rule fired; nothing here loosens what another rule restricts
  redact            what 'find' found is masked (‹card#1›), the rest goes on
  require_approval  a person is asked first; autonomy_may = true leaves it to autonomy
  escalate          it goes to a person with everything that is known
  deny              it does not happen; the model reads why
  A verdict shows each clause that held with what it compared; of 'any' the first alternative that held, not the others.

what else a file can hold
  [envelope.persona]   what the role may even try: tools, hosts, limits = { calls_per_turn, sum }
  [[detector]]         an own pattern to look for: greenroom policy detectors
  [[exception]]        sets one rule of this file aside, by somebody, for a reason, until a day: never a rule of another
                       file, never a bound; and one to autonomy not while the session holds text of strangers

what a test can say
  with    hook, tool, args, text, origin, segment, payload, args_from,
          session = { turn, taint, autonomy, calls_this_turn, counts, sums }; what is left out is as in a new session
  expect  the effect, or no_match; for an exception set_aside or in_force
"""


def example(today: date) -> str:
    """A policy file with one of everything; its exception ends after a month."""
    return _EXAMPLE.replace("{expires}", (today + timedelta(days=30)).isoformat())


def guide(today: date) -> Iterator[str]:
    """The whole topic up to the vocabulary."""
    yield from STEPS.splitlines()
    yield from ("", "a policy file with one of everything:", "")
    yield from (f"  {line}" if line else "" for line in example(today).splitlines())
    yield ""
    yield from MEANING.splitlines()
