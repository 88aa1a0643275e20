import { registry } from "@web/core/registry";

/**
 * Client action: offer the red letter for the credit note `params.move_id`, which has just been posted.
 * The dialog asks the bureau before it opens; that must not happen while the posting holds its locks.
 */
export async function askForRed(env, { params }) {
    const { action } = env.services;
    await action.doAction({ type: "ir.actions.client", tag: "soft_reload" });
    return action.doActionButton({
        type: "object",
        name: "action_fapiao_red",
        resModel: "account.move",
        resId: params.move_id,
    });
}

registry.category("actions").add("l10n_cn_invoice_cloud.ask_for_red", askForRed);
