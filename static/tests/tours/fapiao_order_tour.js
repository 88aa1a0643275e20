import { waitUntil } from "@odoo/hoot-dom";

import { registry } from "@web/core/registry";

const QUANTITY = ".modal .o_field_widget[name=line_ids] .o_data_row td[name=quantity]";

const FACTS_TAB = ".o_notebook a[name=fapiao]";
const FACTS = ".o_field_widget[name=fapiao_ids]";

const CHOOSE_FOUR = [
    {
        content: "Edit the quantity of the line that is proposed",
        trigger: QUANTITY,
        run: "click",
    },
    {
        content: "Four of the ten",
        trigger: `${QUANTITY} input`,
        run: "edit 4",
    },
];

const REQUEST_AND_READ = [
    {
        content: "Request it",
        trigger: ".modal-footer button[name=action_request]",
        run: "click",
    },
    {
        content: "The click says which number it brought",
        trigger: ".o_notification:contains('issued')",
    },
    {
        content: "The number stands on the order",
        trigger: "body:not(:has(.modal)) .o_field_widget[name=fapiao_numbers]",
        run({ anchor }) {
            if (!/^\d{20}$/.test(anchor.textContent.trim())) {
                throw new Error(`not a fapiao number: ${anchor.textContent}`);
            }
        },
    },
    {
        content: "Six are left: the order is issued in part and may be requested again",
        trigger: ".o_field_widget[name=fapiao_state]:contains('Partly issued')",
    },
    {
        content: "The button stays",
        trigger: "button[name=action_fapiao_request]",
    },
];

const OPEN = {
    content: "Request a fapiao from the order",
    trigger: "button[name=action_fapiao_request]",
    run: "click",
};

registry.category("web_tour.tours").add("fapiao_order_request", {
    steps: () => [
        OPEN,
        ...CHOOSE_FOUR,
        ...REQUEST_AND_READ,
        {
            // the form is loaded when the dialog closes and again with the result; the second brings back its first tab
            content: "Open the facts: the fapiao is listed as normal",
            trigger: FACTS_TAB,
            run: () =>
                waitUntil(
                    () => {
                        document.querySelector(FACTS_TAB)?.click();
                        return document.querySelector(`${FACTS} .o_data_row`)?.textContent.includes("Normal");
                    },
                    { timeout: 10000 }
                ),
        },
    ],
});

registry.category("web_tour.tours").add("fapiao_order_mend", {
    steps: () => [
        OPEN,
        {
            content: "The dialog says in words what is wrong",
            trigger: ".modal .o_field_widget[name=problem_ids]:contains('15 to 20 digits')",
        },
        ...CHOOSE_FOUR,
        {
            content: "Mend the buyer over the dialog",
            trigger: ".modal .o_field_widget[name=problem_ids] .o_data_row:contains('15 to 20 digits') [name=mend_name] button, .modal .o_field_widget[name=problem_ids] .o_data_row:contains('15 to 20 digits') [name=mend_name] a",
            run: "click",
        },
        {
            content: "Correct the tax number",
            trigger: ".modal .o_field_widget[name=vat] input",
            run: "edit 91440300MA5BUYER26",
        },
        {
            content: "Save the buyer",
            trigger: ".modal:has(.o_field_widget[name=vat]) .o_form_button_save",
            run: "click",
        },
        {
            content: "The problem is gone, and the choice is still there",
            trigger: ".modal:not(:has(.o_field_widget[name=vat])):not(:has(.o_field_widget[name=problem_ids] .o_data_row))",
        },
        {
            content: "Four of the ten",
            trigger: `${QUANTITY}:contains('4')`,
        },
        ...REQUEST_AND_READ,
    ],
});
