import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("fapiao_find", {
    steps: () => [
        {
            content: "Open the dialog that pulls",
            trigger: ".o_list_view .o_control_panel button:contains('Pull…')",
            run: "click",
        },
        {
            content: "Only what is void",
            trigger: ".modal .o_field_widget[name=status] .o_select_menu_toggler",
            run: "click",
        },
        {
            content: "Choose it",
            trigger: ".o_select_menu_item:contains('Void')",
            run: "click",
        },
        {
            content: "Pull",
            trigger: ".modal button[name=action_pull]",
            run: "click",
        },
        {
            content: "The job shows what it was narrowed to, and is done",
            trigger: ".o_form_view .o_field_widget[name=status]:contains('Void')",
        },
        {
            content: "It is done",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Done')",
        },
        {
            content: "Back to the list of what was received",
            trigger: ".o_breadcrumb .o_back_button, .breadcrumb-item.o_back_button",
            run: "click",
        },
        {
            content: "Open the dialog that finds",
            trigger: ".o_list_view .o_control_panel button:contains('Find…')",
            run: "click",
        },
        {
            content: "Enter the number",
            trigger: ".modal .o_field_widget[name=number] input",
            run: "edit 26449998000000000077",
        },
        {
            content: "Find it",
            trigger: ".modal button[name=action_find]",
            run: "click",
        },
        {
            content: "It has come from the cloud's pool",
            trigger: ".o_form_view .o_field_widget[name=seller_name]:contains('池中公司')",
        },
    ],
});
