import { browser } from "@web/core/browser/browser";
import { formatDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";

const { DateTime } = luxon;

const MINUTE = 60 * 1000;
const URGENT_HOURS = 24;

/** Shows how long there is until a moment, by the minute: red when little is left. */
export class CountdownField extends Component {
    static template = "l10n_cn_invoice_cloud.CountdownField";
    static props = { ...standardFieldProps };

    setup() {
        this.state = useState({ now: DateTime.now() });
        let timer;
        onMounted(() => {
            timer = browser.setInterval(() => (this.state.now = DateTime.now()), MINUTE);
        });
        onWillUnmount(() => browser.clearInterval(timer));
    }

    get deadline() {
        return this.props.record.data[this.props.name];
    }

    get left() {
        return this.deadline.diff(this.state.now, ["days", "hours", "minutes"]);
    }

    get isUrgent() {
        return this.left.as("hours") < URGENT_HOURS;
    }

    get text() {
        const { days, hours, minutes } = this.left;
        const left = { days, hours, minutes: Math.floor(minutes) };
        if (this.left.as("milliseconds") <= 0) {
            return _t("time is over");
        }
        if (days > 1) {
            return _t("%(days)s days %(hours)s h %(minutes)s min left", left);
        }
        if (days === 1) {
            return _t("1 day %(hours)s h %(minutes)s min left", left);
        }
        return _t("%(hours)s h %(minutes)s min left", left);
    }

    get moment() {
        return formatDateTime(this.deadline);
    }
}

registry.category("fields").add("fapiao_countdown", {
    component: CountdownField,
    displayName: _t("Countdown"),
    supportedTypes: ["datetime"],
    listViewWidth: 180,
});
