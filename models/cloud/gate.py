"""The check that each public method begins with: RPC can call all of them, whatever the views show.

The group decides on the action, the access to the records on companies and documents.
"""

from odoo.exceptions import AccessError

INTERNAL = "base.group_user"
READER = "account.group_account_readonly,account.group_account_invoice"
INVOICER = "account.group_account_invoice"
ISSUER = "l10n_cn_invoice_cloud.group_fapiao_issuer"
MANAGER = "l10n_cn_invoice_cloud.group_fapiao_manager"
ADMINISTRATOR = "base.group_system"


def check(records, groups, operation="read"):
    """Raise AccessError unless the user is in one of ``groups`` and has access to ``records``."""
    env = records.env
    if env.su:
        return
    if not env.user.has_groups(groups):
        raise AccessError(
            {
                INTERNAL: env._("Only employees may do this."),
                READER: env._("Only accounting users may do this."),
                INVOICER: env._("Only invoicing users may do this."),
                ISSUER: env._("Only fapiao issuers may do this."),
                MANAGER: env._("Only fapiao managers may do this."),
                ADMINISTRATOR: env._("Only administrators may do this."),
            }[groups]
        )
    records.check_access(operation)


def check_documents(dialog, name, operation="read"):
    """Raise AccessError unless the user has access to all documents of ``dialog`` in field ``name``. Read plainly, the
    field leaves out those that were taken from the user meanwhile, and the rest would be gone on with."""
    dialog.invalidate_recordset([name])
    # sudo: to see which they are
    dialog.sudo()[name].sudo(dialog.env.su).check_access(operation)


def may_read(document, user):
    """Return whether ``user`` may read ``document`` with all their companies, not only those selected now."""
    return document.with_user(user).with_context(allowed_company_ids=user.company_ids.ids).has_access("read")
