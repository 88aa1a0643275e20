import { browser } from "@web/core/browser/browser";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { rpc } from "@web/core/network/rpc";
import { useBus, useService } from "@web/core/utils/hooks";

import { usePolling } from "../core/polling";
import { announcements } from "./announce";

import { Component, onWillUnmount, useState } from "@odoo/owl";

const AT_ONCE = 200;
const IDLE = 1000;
const AFTER_TROUBLE = 5000;
const WINDOW = "width=1180,height=780";
const BADGES = {
    attached: "text-bg-success",
    updated: "text-bg-success",
    known: "text-bg-secondary",
    removed: "text-bg-secondary",
    refused: "text-bg-danger",
};

/**
 * Opens a page of the expense assistant in a window of its own, and waits until the server has what the
 * person did there. The server needs neither dialog nor window to take what comes late.
 *
 * phase: choose (before the page is opened), opening, blocked (no window: a link to click), waiting,
 * gone (the window was closed and nothing came), done, failed.
 */
export class PickDialog extends Component {
    static template = "l10n_cn_invoice_cloud.PickDialog";
    static components = { Dialog };
    static props = { close: Function, visit: Object };

    setup() {
        this.orm = useService("orm");
        const { visit } = this.props;
        this.state = useState({
            visit,
            phase: "choose",
            kind: visit.kind,
            together: visit.together,
            url: "",
            trouble: "",
        });
        this.window = null;
        this.seen = visit.messages;
        this.isAsking = false;
        usePolling(() => this.listen(), IDLE);
        useBus(announcements, "announced", () => this.ask());
        onWillUnmount(() => this.leave());
    }

    // ------------------------------------------------------------------ opening

    /** Open the page. The window is opened in the click itself: browsers block what comes later. */
    async open() {
        const { visit, kind, together } = this.state;
        this.window = browser.open("", `fapiao_pick_${visit.id}`, WINDOW);
        this.state.phase = "opening";
        this.state.trouble = "";
        try {
            const answer = await this.orm.call("fapiao.pick", "open_page", [visit.id], { kind, together });
            this.state.visit = answer;
            this.state.url = answer.page_url;
            this.seen = answer.messages;
        } catch (error) {
            this.window?.close();
            this.state.phase = "failed";
            this.state.trouble = error.data?.message || error.message;
            return;
        }
        if (this.window && !this.window.closed) {
            this.window.location = this.state.url;
            this.state.phase = "waiting";
        } else {
            this.state.phase = "blocked";
        }
    }

    /** The link that stands in for a blocked window was clicked. */
    follow() {
        this.state.phase = "waiting";
        this.window = null;
    }

    // ------------------------------------------------------------------ waiting

    get isWaiting() {
        return ["waiting", "blocked", "gone"].includes(this.state.phase) && !this.state.visit.is_silent;
    }

    get isWindowClosed() {
        return Boolean(this.window?.closed);
    }

    /** Ask once; return the milliseconds until it's worth asking again. */
    async listen() {
        if (!this.isWaiting) {
            return IDLE;
        }
        // looked at before asking: what was done just before the window closed still comes with the answer
        const wasClosed = this.isWindowClosed;
        await this.ask();
        if (this.state.phase === "waiting" && wasClosed) {
            this.state.phase = "gone";
        }
        return this.state.trouble ? AFTER_TROUBLE : this.state.phase === "gone" ? AFTER_TROUBLE : AT_ONCE;
    }

    async ask() {
        if (this.isAsking || !this.isWaiting) {
            return;
        }
        this.isAsking = true;
        try {
            const answer = await rpc(`/invoice_cloud/pick/${this.state.visit.id}/poll`, {}, { silent: true });
            this.state.visit = answer;
            this.state.trouble = answer.trouble;
            if (answer.messages > this.seen && this.isWaiting) {
                this.arrived();
            }
        } finally {
            this.isAsking = false;
        }
    }

    arrived() {
        this.seen = this.state.visit.messages;
        this.state.phase = "done";
        this.window?.close();
    }

    /** Look once more for what a closed window may have left behind. */
    async check() {
        this.state.phase = "waiting";
        await this.ask();
        if (this.state.phase === "waiting") {
            this.state.phase = "gone";
        }
    }

    // ------------------------------------------------------------------ leaving

    leave() {
        const { visit, phase } = this.state;
        if (visit.is_opened && phase !== "done") {
            this.orm.silent.call("fapiao.pick", "close", [visit.id], { nothing: this.isWindowClosed });
        }
    }

    async moveTo(ticket, event) {
        const expense = Number(event.target.value);
        this.state.visit = await this.orm.call("fapiao.pick", "move_ticket", [
            this.state.visit.id,
            ticket.id,
            expense,
        ]);
    }

    // ------------------------------------------------------------------ what is shown

    get title() {
        const { page, title } = this.state.visit;
        return page === "pick" ? _t("Pick Fapiao for %s", title) : _t("Fapiao of %s", title);
    }

    get isPicking() {
        return this.state.visit.page === "pick";
    }

    /** What was taken first, what was refused last. */
    get tickets() {
        const isRefused = (ticket) => ticket.state === "refused";
        const { tickets } = this.state.visit;
        return [...tickets.filter((ticket) => !isRefused(ticket)), ...tickets.filter(isRefused)];
    }

    get canMove() {
        return !this.state.visit.is_bill && this.state.visit.documents.length > 1;
    }

    badge(ticket) {
        return BADGES[ticket.state];
    }
}
