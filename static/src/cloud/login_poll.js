import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { usePolling } from "../core/polling";

import { Component, useState } from "@odoo/owl";

const PAUSE = 2000;
const WAITING = ["qr", "waiting"];

/**
 * Stands below a code to scan: asks what became of it until the form has something else to show.
 * How often the cloud itself is asked, the server decides.
 */
export class LoginPoll extends Component {
    static template = "l10n_cn_invoice_cloud.LoginPoll";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ message: "" });
        usePolling(() => this.ask(), PAUSE);
    }

    async ask() {
        const { record } = this.props;
        const { state, message } = await this.orm.silent.call(record.resModel, "poll", [
            [record.resId],
        ]);
        if (WAITING.includes(state)) {
            this.state.message = message || "";
            return PAUSE;
        }
        await record.load();
        return false;
    }
}

registry.category("view_widgets").add("fapiao_login_poll", { component: LoginPoll });
