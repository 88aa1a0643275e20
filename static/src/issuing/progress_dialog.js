import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";

import { usePolling } from "../core/polling";

import { Component, useState } from "@odoo/owl";

const SOON = 1500;
const LATER = 5000;
const SLOW_AFTER = 10000;
const ASKED_BY_ITSELF = ["pending", "unknown"];
const BADGES = {
    issued: "text-bg-success",
    rejected: "text-bg-danger",
    waiting_login: "text-bg-warning",
    unknown: "text-bg-warning",
    manual: "text-bg-warning",
    withdrawn: "text-bg-secondary",
};
const STEP_ICONS = {
    done: "fa-check text-success",
    now: "fa-spinner fa-spin",
    failed: "fa-times text-danger",
    later: "fa-circle-o text-muted",
};

/**
 * Shows how requests or reversals get on, as their model tells it in `follow`, until each has a result
 * or the user closes it. The server doesn't need the dialog to go on.
 */
export class ProgressDialog extends Component {
    static template = "l10n_cn_invoice_cloud.ProgressDialog";
    static components = { Dialog };
    static props = {
        close: Function,
        model: String,
        rows: Array,
        login: Function,
    };

    setup() {
        this.orm = useService("orm");
        this.opened = Date.now();
        this.state = useState({ rows: this.props.rows, isSlow: false });
        usePolling(() => this.ask(), this.pause);
    }

    async ask() {
        const ids = this.state.rows.filter((row) => row.working).map((row) => row.id);
        const news = await this.orm.silent.call(this.props.model, "follow", [ids]);
        const byId = new Map(news.map((row) => [row.id, row]));
        this.state.rows = this.state.rows.map((row) => byId.get(row.id) || row);
        this.state.isSlow = this.isWorking && Date.now() - this.opened > SLOW_AFTER;
        return this.pause;
    }

    /** Milliseconds until it's worth asking again; false when all have ended or wait for a person. */
    get pause() {
        if (this.isWorking) {
            return SOON;
        }
        return this.state.rows.some((row) => ASKED_BY_ITSELF.includes(row.state)) && LATER;
    }

    get isWorking() {
        return this.state.rows.some((row) => !row.settled);
    }

    get settledCount() {
        return this.state.rows.filter((row) => row.settled).length;
    }

    get percent() {
        return Math.round((100 * this.settledCount) / this.state.rows.length);
    }

    get title() {
        const { rows } = this.state;
        const issued = rows.filter((row) => row.state === "issued").length;
        if (this.isReversal) {
            return this.titleOfReversal(rows, issued);
        }
        if (rows.length === 1) {
            return issued ? _t("Fapiao issued") : _t("Fapiao for %s", rows[0].document);
        }
        return _t("%(issued)s of %(total)s fapiao issued", { issued, total: rows.length });
    }

    titleOfReversal(rows, reversed) {
        if (rows.length === 1) {
            return reversed ? _t("Fapiao reversed") : _t("Reversal of %s", rows[0].document);
        }
        return _t("%(reversed)s of %(total)s fapiao reversed", { reversed, total: rows.length });
    }

    /** Only a reversal consists of steps. */
    get isReversal() {
        return this.state.rows.every((row) => row.steps);
    }

    /** Tell whether all that is left is for others to do, at the tax bureau. */
    get isForOthers() {
        return this.isReversal && this.state.rows.some((row) => row.state === "pending");
    }

    /** The first request that waits for somebody to log in, or undefined. */
    get waiting() {
        return this.state.rows.find((row) => row.state === "waiting_login");
    }

    badge(row) {
        return BADGES[row.state] || "text-bg-info";
    }

    /** A step that others have to take isn't one that is being worked at. */
    icon(step, row) {
        const isIdle = step.state === "now" && row.settled;
        return isIdle ? "fa-clock-o text-info" : STEP_ICONS[step.state];
    }
}
