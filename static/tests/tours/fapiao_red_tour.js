import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("fapiao_red_credit_note", {
    steps: () => [
        {
            content: "Confirm the credit note",
            trigger: ".o_form_view button[name=action_post]",
            run: "click",
        },
        {
            content: "The red letter is proposed: what happens is said in words",
            trigger: ".modal .o_fapiao_red_flush .o_field_widget[name=scope_text]:contains('reversed in full')",
        },
        {
            content: "The bureau was asked before",
            trigger: ".modal .o_field_widget[name=answer]:contains('May be reversed')",
        },
        {
            content: "Only legal reasons are offered",
            trigger: ".modal .o_field_widget[name=reason]:not(:contains('Service stopped'))",
        },
        {
            content: "Goods came back",
            trigger: ".modal .o_field_widget[name=reason] label:contains('Goods returned')",
            run: "click",
        },
        {
            content: "Reverse",
            trigger: ".modal-footer button[name=action_apply]",
            run: "click",
        },
        {
            content: "The click says which red fapiao it brought",
            trigger: ".o_notification:contains('reversed by red fapiao')",
        },
        {
            content: "The red number stands on the credit note",
            trigger: "body:not(:has(.modal)) .o_field_widget[name=fapiao_numbers]",
            run({ anchor }) {
                if (!/^\d{20}$/.test(anchor.textContent.trim())) {
                    throw new Error(`not a fapiao number: ${anchor.textContent}`);
                }
            },
        },
        {
            content: "The buttons are gone: nothing is reversed twice, nor taken back",
            trigger: ".o_form_view:not(:has(button[name=action_fapiao_red])):not(:has(button[name=button_draft]))",
        },
    ],
});

registry.category("web_tour.tours").add("fapiao_red_waits", {
    steps: () => [
        {
            content: "Reverse the fapiao of the invoice",
            trigger: ".o_form_view button[name=action_fapiao_red]",
            run: "click",
        },
        {
            content: "The buyer has booked it, so they have to confirm",
            trigger: ".modal .o_field_widget[name=confirmer_text]:contains('buyer has to confirm')",
        },
        {
            content: "Make the credit note with it",
            trigger: ".modal .o_field_widget[name=make_credit_note] input",
            run: "click",
        },
        {
            content: "Reverse",
            trigger: ".modal-footer button[name=action_apply]",
            run: "click",
        },
        {
            content: "The progress shows what it waits for",
            trigger: ".modal .o_fapiao_steps li[data-step=now]:contains('Confirmation')",
        },
        {
            content: "Close it: it goes on by itself",
            trigger: ".modal-footer .o_fapiao_progress_close",
            run: "click",
        },
        {
            content: "The invoice says so, with the time that is left",
            trigger: "body:not(:has(.modal)) .o_form_view .alert:contains('left'):contains('Waiting for confirmation')",
        },
        {
            content: "Look at the red form",
            trigger: ".alert button[name=action_fapiao_red_forms]",
            run: "click",
        },
        {
            content: "It has the bureau's state and no red fapiao yet",
            trigger: ".o_form_view .o_field_widget[name=bureau_state]:contains('Waits for the buyer')",
        },
    ],
});
