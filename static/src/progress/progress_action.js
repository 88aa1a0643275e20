import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

import { ProgressDialog } from "./progress_dialog";

const TAG = "l10n_cn_invoice_cloud.progress";

/**
 * Client action: show how the requests `params.request_ids` get on. One that is issued already takes
 * a word only; whatever else gets a dialog.
 */
export async function followRequests(env, { params }) {
    // Issue may have been clicked in a dialog, whose work is done.
    await env.services.action.doAction({ type: "ir.actions.act_window_close" });
    const rows = await follow(env, params.request_ids);
    if (rows.length === 1 && rows[0].state === "issued") {
        const message = _t("Fapiao %s issued", rows[0].numbers.join(", "));
        env.services.notification.add(message, { type: "success" });
    } else if (rows.length) {
        return showProgress(env, rows);
    }
    return { type: "ir.actions.client", tag: "soft_reload" };
}

registry.category("actions").add(TAG, followRequests);

function follow(env, requestIds) {
    return env.services.orm.call("fapiao.request", "follow", [requestIds]);
}

function showProgress(env, rows) {
    const { action, dialog } = env.services;
    const close = dialog.add(
        ProgressDialog,
        { rows, login: (row) => logIn(env, row, rows, close) },
        {
            onClose: (params) => {
                if (!params?.noReload) {
                    action.doAction("soft_reload");
                }
            },
        }
    );
}

/** Open what `row` waits for; once it is there, show how all `rows` go on. */
function logIn(env, row, rows, close) {
    close({ noReload: true });
    return env.services.action.doActionButton({
        type: "object",
        name: "action_login",
        resModel: "fapiao.request",
        resId: row.id,
        // Not awaited: the log-in dialog is gone only after this has returned, and what follows
        // begins by closing the dialog that is open.
        onClose: () => {
            goOn(env, rows.map(({ id }) => id));
        },
    });
}

async function goOn(env, requestIds) {
    const rows = await follow(env, requestIds);
    const isWaiting = rows.some(({ state }) => state === "waiting_login");
    const next = { type: "ir.actions.client", tag: TAG, params: { request_ids: requestIds } };
    return env.services.action.doAction(isWaiting ? "soft_reload" : next);
}
