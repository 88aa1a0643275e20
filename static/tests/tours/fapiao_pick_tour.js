import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";

let opened;

/**
 * Let the dialog open its window: a real one where the browser lets a tour open it, else a frame, which is
 * a browsing context of its own as well.
 */
function watchWindows() {
    opened = { url: "", closed: false, isBlocked: false, isCut: false };
    browser.open = (url, name, features) => {
        if (opened.isBlocked) {
            return null;
        }
        const real = window.open("", name, features);
        const frame = real ? null : document.createElement("iframe");
        if (frame) {
            document.body.append(frame);
        }
        return {
            get closed() {
                return opened.closed;
            },
            set opener(value) {
                opened.isCut = value === null && !opened.url;
                if (real) {
                    real.opener = value;
                }
            },
            set location(address) {
                opened.url = address;
                if (real) {
                    real.location = address;
                } else {
                    frame.src = address;
                }
            },
            close() {
                opened.closed = true;
                real?.close();
                frame?.remove();
            },
        };
    };
}

const OPEN_DIALOG = [
    {
        content: "Pick a fapiao for the expense",
        trigger: "button[name=action_fapiao_pick]",
        run({ anchor }) {
            watchWindows();
            anchor.click();
        },
    },
    {
        content: "All in one",
        trigger: ".modal .o_fapiao_pick #o_fapiao_pick_together",
        run: "click",
    },
];

const OPEN_PAGE = {
    content: "Open the assistant",
    trigger: ".modal .o_fapiao_pick_open",
    run: "click",
};

registry.category("web_tour.tours").add("fapiao_pick", {
    steps: () => [
        ...OPEN_DIALOG,
        OPEN_PAGE,
        {
            // two tickets are ticked there by the test: it is another site's, which a tour can't reach into
            content: "By itself, the dialog shows what was attached",
            trigger: ".modal .o_fapiao_pick[data-phase=done] tr[data-state=attached] + tr[data-state=attached]",
            run() {
                if (!opened.url.includes("userKey=") || !opened.closed) {
                    throw new Error(`the assistant's page was to be opened and closed: ${opened.url}`);
                }
                if (!opened.isCut) {
                    throw new Error("the page was opened with a handle on this window");
                }
            },
        },
        {
            content: "Close the dialog",
            trigger: ".modal .o_fapiao_pick_close",
            run: "click",
        },
        {
            content: "The expense is filled",
            trigger: "body:not(:has(.modal)) .o_form_view [name=total_amount_currency] input:value(139.00)",
        },
        {
            content: "With the journey on it",
            trigger: "[name=fapiao_match_ids] .o_data_row:contains('火车票')",
        },
        {
            content: "And the taxi",
            trigger: "[name=fapiao_match_ids] .o_data_row:contains('出租车票')",
        },
    ],
});

registry.category("web_tour.tours").add("fapiao_pick_closed", {
    steps: () => [
        ...OPEN_DIALOG,
        OPEN_PAGE,
        {
            content: "The other window is closed, nothing was chosen",
            trigger: ".modal .o_fapiao_pick[data-phase=waiting]",
            run() {
                opened.closed = true;
            },
        },
        {
            content: "The dialog says so",
            trigger: ".modal .o_fapiao_pick[data-phase=gone]:contains('nothing was chosen')",
        },
        {
            content: "Look once more",
            trigger: ".modal .o_fapiao_pick_check",
            run: "click",
        },
        {
            content: "Still nothing: give up",
            trigger: ".modal .o_fapiao_pick[data-phase=gone]",
        },
        {
            content: "Close the dialog",
            trigger: ".modal .o_fapiao_pick_close",
            run: "click",
        },
        {
            content: "The expense is as it was",
            trigger: "body:not(:has(.modal)) .o_form_view [name=name] input:value('To be picked')",
        },
    ],
});

registry.category("web_tour.tours").add("fapiao_pick_blocked", {
    steps: () => [
        ...OPEN_DIALOG,
        {
            content: "The browser blocks the window",
            trigger: ".modal .o_fapiao_pick_open",
            run({ anchor }) {
                opened.isBlocked = true;
                anchor.click();
            },
        },
        {
            content: "There is a link instead; what is done there comes",
            trigger: ".modal .o_fapiao_pick[data-phase=blocked] .o_fapiao_pick_link[href*=userKey]",
        },
        {
            content: "It arrived",
            trigger: ".modal .o_fapiao_pick[data-phase=done] tr[data-state=attached]",
        },
        {
            content: "Close the dialog",
            trigger: ".modal .o_fapiao_pick_close",
            run: "click",
        },
        {
            content: "The expense is filled",
            trigger: "body:not(:has(.modal)) .o_form_view [name=total_amount_currency] input:value(139.00)",
        },
    ],
});
