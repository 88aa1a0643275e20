import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { FormViewDialog } from "@web/views/view_dialogs/form_view_dialog";

import { Component } from "@odoo/owl";

/**
 * Opens the record a problem is mended on, over the dialog that lists the problems: an action of the
 * server would take the dialog's place. Once it is saved, the problems are looked at again.
 */
export class MendField extends Component {
    static template = "l10n_cn_invoice_cloud.MendField";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
    }

    async open() {
        const { resModel, resId } = this.props.record;
        // What was chosen in the dialog meanwhile must survive its being looked at again.
        if (!(await this.props.record.model.root.save({ reload: false }))) {
            return;
        }
        const action = await this.orm.call(resModel, "action_open", [[resId]]);
        if (action.target !== "new") {
            return this.action.doAction(action);
        }
        this.dialog.add(FormViewDialog, {
            resModel: action.res_model,
            resId: action.res_id,
            title: action.name,
            onRecordSaved: () => this.checkAgain(),
        });
    }

    async checkAgain() {
        const wizard = this.props.record.model.root;
        await this.orm.call(wizard.resModel, "action_check", [[wizard.resId]]);
        await wizard.load();
    }
}

registry.category("fields").add("fapiao_mend", {
    component: MendField,
    supportedTypes: ["char"],
    fieldDependencies: [
        { name: "mend_model", type: "char" },
        { name: "mend_id", type: "integer" },
    ],
});
