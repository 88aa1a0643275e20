import { loadBundle } from "@web/core/assets";
import { browser } from "@web/core/browser/browser";
import { ConnectionLostError } from "@web/core/network/rpc";

// by the version of Engine.IO that the other side speaks; see static/lib/README.md
const BUNDLES = {
    3: "l10n_cn_invoice_cloud.socket_io_2",
    4: "l10n_cn_invoice_cloud.socket_io_4",
};
const AFTER_TELLING = 1000;
const libraries = {};

/** Load socket.io's client from this server, once. */
async function libraryFor(version) {
    if (!libraries[version]) {
        await loadBundle(BUNDLES[version]);
        // both versions go by this name; dialogs are modal, so the other one isn't being loaded
        libraries[version] ||= window.io;
        delete window.io;
    }
    return libraries[version];
}

/**
 * Hears from the link host that there may be news of a visit, and tells it.
 *
 * It is a hint and nothing else: what comes with the event is not read, and nothing is sent but the key that names it.
 * Without a connection, be it blocked by the network or refused, nothing happens: the server polls anyway.
 */
export class PickSocket {
    /** @param {() => Promise} tell called on news, never twice at once nor twice within a second */
    constructor(tell) {
        this.tell = tell;
        this.socket = null;
        this.opened = 0;
        this.isTelling = false;
        this.isDue = false;
    }

    /** @param {{origin: string, path: string, version: number, query: object, event: string}} link */
    async open(link) {
        this.close();
        const opened = this.opened;
        let io;
        try {
            io = await libraryFor(link.version);
        } catch {
            return; // the server polls anyway
        }
        if (opened !== this.opened) {
            return; // closed, or opened for another page, in the meantime
        }
        this.socket = io(link.origin, {
            path: link.path,
            query: link.query,
            forceNew: true,
            withCredentials: false, // no cookies for that host
            jsonp: false, // no scripts of that host
        });
        // what was sent while there was no connection is not sent again
        this.socket.on("connect", () => this.hear());
        this.socket.on(link.event, () => this.hear());
    }

    close() {
        this.opened++;
        this.isDue = false;
        this.socket?.close();
        this.socket = null;
    }

    async hear() {
        this.isDue = true;
        if (this.isTelling) {
            return;
        }
        this.isTelling = true;
        try {
            while (this.isDue) {
                this.isDue = false;
                await this.tell();
                await new Promise((resolve) => browser.setTimeout(resolve, AFTER_TELLING));
            }
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
        } finally {
            this.isTelling = false;
        }
    }
}
