import { browser } from "@web/core/browser/browser";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";

import { usePolling } from "../core/polling";
import { PickSocket } from "./pick_socket";

import { Component, onWillUnmount, useState } from "@odoo/owl";

const IDLE = 1000;
const BETWEEN = 4000;
const PATIENCE = 30000;
const NEWS = "l10n_cn_invoice_cloud.pick";
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
 * person did there. The server listens to the assistant in the background; here its news is heard over the
 * bus, and the visit is read every few seconds in case the bus is silent. Where the account names a link host,
 * a socket to it says when the server should ask at once. The page itself is another party's: it has no handle
 * on this window, and no message from it is listened to.
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
        this.closed = null;
        this.socket = new PickSocket(() => this.fetchNow());
        usePolling(() => this.listen(), IDLE);
        this.subscribe(useService("bus_service"));
        onWillUnmount(() => this.leave());
    }

    /** Read the visit as soon as the server says that there is news of it. */
    subscribe(bus) {
        const heard = ({ id }) => {
            if (id === this.state.visit.id) {
                this.ask();
            }
        };
        bus.subscribe(NEWS, heard);
        bus.start();
        onWillUnmount(() => bus.unsubscribe(NEWS, heard));
    }

    // ------------------------------------------------------------------ opening

    /** Open the page. The window is opened in the click itself: browsers block what comes later. */
    async open() {
        const { visit, kind, together } = this.state;
        this.window?.close();
        this.socket.close();
        // no fixed name: a page of the same origin could open its own in it
        this.window = browser.open("", "_blank", WINDOW);
        if (this.window) {
            // before the other party's page is in it: it could lead this window to a log-in of its own
            this.window.opener = null;
        }
        this.closed = null;
        this.state.phase = "opening";
        this.state.trouble = "";
        let answer;
        try {
            answer = await this.orm.call("fapiao.pick", "open_page", [visit.id], { kind, together });
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
            this.window.location = this.state.url; // its origin was checked by the server
            this.state.phase = "waiting";
        } else {
            this.state.phase = "blocked";
        }
        if (answer.socket) {
            this.socket.open(answer.socket);
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

    /** Read the visit; return the milliseconds until it's worth reading it again. */
    async listen() {
        if (!this.isWaiting) {
            return IDLE;
        }
        if (this.state.phase === "waiting" && this.isWindowClosed && !this.closed) {
            await this.lookAgain();
        }
        await this.ask();
        if (this.closed && this.isWaiting && this.isHeardSinceClosed) {
            this.state.phase = "gone";
        }
        return this.closed && this.state.phase === "waiting" ? IDLE : BETWEEN;
    }

    /** Whether the assistant was asked after the window was closed: what was done just before has come then. */
    get isHeardSinceClosed() {
        const { at, since } = this.closed;
        return this.state.visit.listened_at >= at || Date.now() > since + PATIENCE;
    }

    /** Have the server ask the assistant now, and note when that was asked for. */
    async lookAgain() {
        const at = await this.orm.silent.call("fapiao.pick", "look_again", [this.state.visit.id]);
        this.closed = this.isWindowClosed ? { at, since: Date.now() } : null;
    }

    /** Have the server ask the assistant now: its link host says that there is news. */
    async fetchNow() {
        if (this.isWaiting) {
            await this.orm.silent.call("fapiao.pick", "look_again", [this.state.visit.id]);
        }
    }

    async ask() {
        if (this.isAsking || !this.isWaiting) {
            return;
        }
        this.isAsking = true;
        try {
            const answer = await this.orm.silent.call("fapiao.pick", "follow", [this.state.visit.id]);
            this.state.visit = answer;
            this.state.trouble = answer.problem;
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
        this.socket.close();
    }

    /** Look once more for what a closed window may have left behind. */
    async check() {
        this.state.phase = "waiting";
        this.closed = null;
        await this.listen();
    }

    // ------------------------------------------------------------------ leaving

    leave() {
        const { visit, phase } = this.state;
        this.socket.close();
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
