"""The outbox: what is to be told by mail is stored with the change that it tells, and handed over once, as soon as a server takes it."""

from convene.outbox.claims import Claim, Turn, claim, settle
from convene.outbox.history import Mail, NoticedMail, forget, get, known, latest
from convene.outbox.journal import Journal
from convene.outbox.loop import Composer, Posting, Written
from convene.outbox.posting import Notice, Recipient, Role, State, post, post_many, withdraw
from convene.outbox.templates import drop_template, forget_templates, put_template, template, templates

__all__ = [
    "Claim",
    "Composer",
    "Journal",
    "Mail",
    "Notice",
    "NoticedMail",
    "Posting",
    "Recipient",
    "Role",
    "State",
    "Turn",
    "Written",
    "claim",
    "drop_template",
    "forget",
    "forget_templates",
    "get",
    "known",
    "latest",
    "post",
    "post_many",
    "put_template",
    "settle",
    "template",
    "templates",
    "withdraw",
]
