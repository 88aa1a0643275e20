import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

import { ProgressDialog } from "./progress_dialog";

const TAG = "l10n_cn_invoice_cloud.progress";
const REQUEST = "fapiao.request";

/**
 * Client action: show how the requests, or whatever else of `params.model`, with the ids
 * `params.request_ids` get on. One that is done already takes a word only; all else gets a dialog.
 */
export async function followRequests(env, { params }) {
    // Issue may have been clicked in a dialog, whose work is done.
    await env.services.action.doAction({ type: "ir.actions.act_window_close" });
    const model = params.model || REQUEST;
    const rows = await follow(env, model, params.request_ids);
    if (rows.length === 1 && rows[0].state === "issued") {
        env.services.notification.add(success(rows[0]), { type: "success" });
    } else if (rows.length) {
        return showProgress(env, model, rows);
    }
    return { type: "ir.actions.client", tag: "soft_reload" };
}

registry.category("actions").add(TAG, followRequests);

function follow(env, model, ids) {
    return env.services.orm.call(model, "follow", [ids]);
}

/** Only a reversal has steps; its first number is that of the red fapiao. */
function success({ numbers, steps }) {
    if (!steps) {
        return _t("Fapiao %s issued", numbers.join(", "));
    }
    const [red, ...rest] = numbers;
    return rest.length
        ? _t("Fapiao reversed by red fapiao %(red)s; the new fapiao is %(rest)s", {
              red,
              rest: rest.join(", "),
          })
        : _t("Fapiao reversed by red fapiao %s", red);
}

function showProgress(env, model, rows) {
    const { action, dialog } = env.services;
    const close = dialog.add(
        ProgressDialog,
        { model, rows, login: (row) => logIn(env, model, row, rows, close) },
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
function logIn(env, model, row, rows, close) {
    close({ noReload: true });
    return env.services.action.doActionButton({
        type: "object",
        name: "action_login",
        resModel: model,
        resId: row.id,
        // Not awaited: the log-in dialog is gone only after this has returned, and what follows
        // begins by closing the dialog that is open.
        onClose: () => {
            goOn(env, model, rows.map(({ id }) => id));
        },
    });
}

async function goOn(env, model, ids) {
    const rows = await follow(env, model, ids);
    const isWaiting = rows.some(({ state }) => state === "waiting_login");
    const next = { type: "ir.actions.client", tag: TAG, params: { model, request_ids: ids } };
    return env.services.action.doAction(isWaiting ? "soft_reload" : next);
}
