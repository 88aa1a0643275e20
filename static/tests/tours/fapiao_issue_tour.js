import { registry } from "@web/core/registry";

const NUMBER = ".o_field_widget[name=fapiao_numbers]";

registry.category("web_tour.tours").add("fapiao_issue", {
    steps: () => [
        {
            content: "The invoice waits for its fapiao",
            trigger: ".o_field_widget[name=fapiao_state]:contains('To issue')",
        },
        {
            content: "Issue it",
            trigger: "button[name=action_fapiao_issue]",
            run: "click",
        },
        {
            content: "The click says which number it brought",
            trigger: ".o_notification:contains('issued')",
        },
        {
            content: "The number stands on the form",
            trigger: NUMBER,
            run({ anchor }) {
                if (!/^\d{20}$/.test(anchor.textContent.trim())) {
                    throw new Error(`not a fapiao number: ${anchor.textContent}`);
                }
            },
        },
        {
            content: "The button is gone: nothing is issued twice",
            trigger: ".o_form_view:not(:has(button[name=action_fapiao_issue]))",
        },
        {
            content: "Open the facts",
            trigger: ".o_notebook a[name=fapiao]",
            run: "click",
        },
        {
            content: "The fapiao is listed as normal",
            trigger: ".o_field_widget[name=fapiao_ids] .o_data_row:contains('Normal')",
        },
        {
            content: "Go to the fapiao itself",
            trigger: "button[name=action_fapiao_open]",
            run: "click",
        },
        {
            content: "Its form opens",
            trigger: ".o_form_view .o_field_widget[name=seller_tax_no]",
        },
    ],
});

registry.category("web_tour.tours").add("fapiao_issue_on_paper", {
    steps: () => [
        {
            content: "Open what is said of the fapiao",
            trigger: ".o_notebook a[name=fapiao]",
            run: "click",
        },
        {
            content: "Only what the cloud issues is offered; take the one on paper",
            trigger: ".o_field_widget[name=fapiao_form]:not(:contains('Roll')) label:contains('on paper')",
            run: "click",
        },
        {
            content: "Issue it",
            trigger: "button[name=action_fapiao_issue]",
            run: "click",
        },
        {
            content: "The dialog asks for the sheet in the printer",
            trigger: ".modal .o_field_widget[name=problem_ids]:contains('sheet')",
        },
        {
            content: "Enter its code",
            trigger: ".modal .o_field_widget[name=paper_code] input",
            run: "edit 3100223130",
        },
        {
            content: "And its number",
            trigger: ".modal .o_field_widget[name=paper_number] input",
            run: "edit 00123456",
        },
        {
            content: "Check again",
            trigger: ".modal-footer button[name=action_check]",
            run: "click",
        },
        {
            content: "Now it can be issued",
            trigger: ".modal-footer button[name=action_issue]",
            run: "click",
        },
        {
            content: "The number stands on the form",
            trigger: `body:not(:has(.modal)) ${NUMBER}`,
        },
        {
            content: "The fapiao is listed",
            trigger: ".o_field_widget[name=fapiao_ids] .o_data_row:contains('Normal')",
        },
    ],
});

registry.category("web_tour.tours").add("fapiao_problem", {
    steps: () => [
        {
            content: "Try to issue",
            trigger: "button[name=action_fapiao_issue]",
            run: "click",
        },
        {
            content: "The dialog says in words what is missing",
            trigger: ".modal .o_field_widget[name=problem_ids]:contains('classification code')",
        },
        {
            content: "Close it; nothing was sent",
            trigger: ".modal-footer button:contains('Close')",
            run: "click",
        },
        {
            content: "The invoice still waits",
            trigger: "body:not(:has(.modal)) .o_field_widget[name=fapiao_state]:contains('To issue')",
        },
    ],
});

registry.category("web_tour.tours").add("fapiao_batch", {
    steps: () => [
        {
            content: "Take all invoices of the list",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Open the actions",
            trigger: ".o_control_panel .o_cp_action_menus button:has(.fa-cog)",
            run: "click",
        },
        {
            content: "Issue them",
            trigger: ".o-dropdown--menu .o-dropdown-item:contains('Issue Fapiao')",
            run: "click",
        },
        {
            content: "The progress is shown until all are done",
            trigger: ".modal:contains('Issued')",
        },
        {
            content: "Close the progress",
            trigger: ".modal-footer button:contains('Close')",
            run: "click",
        },
        {
            content: "The list is back",
            trigger: "body:not(:has(.modal)) .o_list_view .o_data_row:contains('Issued')",
        },
    ],
});
