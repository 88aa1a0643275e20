import { registry } from "@web/core/registry";

import { PickDialog } from "./pick_dialog";

/** Client action: open the dialog of the visit `params.pick_id` and reload the form behind it after. */
export async function pickFapiao(env, { params }) {
    const { action, dialog, orm } = env.services;
    const visit = await orm.call("fapiao.pick", "follow", [params.pick_id]);
    dialog.add(PickDialog, { visit }, { onClose: () => action.doAction("soft_reload") });
}

registry.category("actions").add("l10n_cn_invoice_cloud.pick", pickFapiao);
