import { browser } from "@web/core/browser/browser";
import { ConnectionLostError } from "@web/core/network/rpc";

import { onMounted, onWillUnmount } from "@odoo/owl";

const AFTER_LOST_CONNECTION = 5000;

/**
 * Ask again and again as long as the component lives, and never twice at once.
 *
 * @param {() => Promise<number|false>} ask returns the milliseconds until it wants to be asked
 *  again, or false when there is nothing more to ask
 * @param {number} first milliseconds until it is asked for the first time
 */
export function usePolling(ask, first) {
    let timer;
    let isAlive = false;

    function wait(delay) {
        if (isAlive && delay) {
            timer = browser.setTimeout(run, delay);
        }
    }

    async function run() {
        let delay;
        try {
            delay = await ask();
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
            delay = AFTER_LOST_CONNECTION;
        }
        wait(delay);
    }

    onMounted(() => {
        isAlive = true;
        wait(first);
    });
    onWillUnmount(() => {
        isAlive = false;
        browser.clearTimeout(timer);
    });
}
