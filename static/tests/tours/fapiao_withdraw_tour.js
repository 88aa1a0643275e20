import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("fapiao_withdraw", {
    steps: () => [
        {
            content: "The request lies in the cloud",
            trigger: ".alert:contains('In progress at the cloud')",
        },
        {
            content: "Take it back",
            trigger: ".alert button[name=action_fapiao_withdraw]",
            run: "click",
        },
        {
            content: "Yes, give it up",
            trigger: ".modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "The cloud has given it up",
            trigger: ".modal:contains('Withdrawn')",
        },
        {
            content: "Close the progress",
            trigger: ".modal-footer .o_fapiao_progress_close",
            run: "click",
        },
        {
            content: "The invoice can be issued again",
            trigger: "body:not(:has(.modal)) .o_form_view button[name=action_fapiao_issue]",
        },
    ],
});
