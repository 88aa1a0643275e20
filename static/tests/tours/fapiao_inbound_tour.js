import { registry } from "@web/core/registry";

const open = (seller) => [
    {
        content: `Open the fapiao of ${seller}`,
        trigger: `.o_list_view .o_data_row:contains('${seller}') .o_data_cell[name=number]`,
        run: "click",
    },
    {
        content: "It is there as the tax bureau has it",
        trigger: `.o_form_view .o_field_widget[name=seller_name]:contains('${seller}')`,
    },
];

registry.category("web_tour.tours").add("fapiao_inbound", {
    steps: () => [
        {
            content: "Pull what was received",
            trigger: ".o_form_view button[name=action_pull]",
            run: "click",
        },
        {
            content: "The pull is done",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Done')",
        },
        {
            content: "Show what is new",
            trigger: "button[name=action_show_new]",
            run: "click",
        },
        ...open("供货有限公司"),
        {
            content: "Search its bill",
            trigger: "button[name=action_match]",
            run: "click",
        },
        {
            content: "Two bills are as likely: choose one",
            trigger: ".modal .o_data_row:contains('B-1') button[name=action_confirm]",
            run: "click",
        },
        {
            content: "The dialog says so",
            trigger: ".modal .alert-success:contains('matched')",
        },
        {
            content: "Close it",
            trigger: ".modal-footer button[special=cancel], .modal-footer button.btn-secondary:contains('Close')",
            run: "click",
        },
        {
            content: "Open the tab of its bills",
            trigger: "body:not(:has(.modal)) .o_notebook a[name=matches]",
            run: "click",
        },
        {
            content: "The match stands on the fapiao",
            trigger: ".o_field_widget[name=match_state]:contains('Matched')",
        },
        {
            content: "Back to the list",
            trigger: ".o_breadcrumb .o_back_button, .breadcrumb-item.o_back_button",
            run: "click",
        },
        ...open("无账有限公司"),
        {
            content: "There is no bill: make one",
            trigger: "button[name=action_create_bill]",
            run: "click",
        },
        {
            content: "The fapiao's number is the bill's reference",
            trigger: ".o_form_view .o_field_widget[name=ref] input",
            run({ anchor }) {
                if (!/^\d{20}$/.test(anchor.value)) {
                    throw new Error(`not a fapiao number: ${anchor.value}`);
                }
            },
        },
        {
            content: "Post it",
            trigger: ".o_statusbar_buttons button[name=action_post]",
            run: "click",
        },
        {
            content: "Open the tab of its fapiao",
            trigger: ".o_form_view:has(.o_arrow_button_current:contains('Posted')) .o_notebook a[name=fapiao_in]",
            run: "click",
        },
        {
            content: "Bill and fapiao agree",
            trigger: ".o_field_widget[name=fapiao_in_state]:contains('Matched')",
        },
        {
            content: "The fapiao stands beside it",
            trigger: ".o_field_widget[name=fapiao_match_ids] .o_data_row:contains('无账有限公司')",
        },
    ],
});
