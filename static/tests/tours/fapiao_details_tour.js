import { registry } from "@web/core/registry";

const tab = (name) => ({
    content: `Open the tab ${name}`,
    trigger: `.o_form_view .o_notebook a[name=${name}]`,
    run: "click",
});

registry.category("web_tour.tours").add("fapiao_details", {
    steps: () => [
        {
            content: "Open the fapiao that was pulled without lines",
            trigger: ".o_list_view .o_data_row:contains('供货有限公司') .o_data_cell[name=number]",
            run: "click",
        },
        {
            content: "It has no address of a file yet, so that nothing can be downloaded",
            trigger: ".o_form_view:not(:has(button[name=action_download])) button[name=action_refresh]",
            run: "click",
        },
        tab("lines"),
        {
            content: "Its lines are there",
            trigger: ".o_field_widget[name=line_ids] .o_data_row:contains('100.00')",
        },
        {
            content: "Fetch its files",
            trigger: "button[name=action_fetch_files]",
            run: "click",
        },
        {
            content: "Nothing is missing any more",
            trigger: ".o_form_view:not(:has(button[name=action_fetch_files])) button[name=action_download]",
        },
        tab("files"),
        {
            content: "The PDF is kept",
            trigger: ".o_field_widget[name=pdf_url] a:contains('Download PDF')",
        },
        {
            content: "So is the picture",
            trigger: ".o_field_widget[name=image_url] a:contains('Download the Picture')",
        },
        {
            content: "Download all of them",
            trigger: "button[name=action_download]",
            run: "click",
        },
        {
            content: "The form is still there",
            trigger: ".o_form_view .o_field_widget[name=files_state]:contains('Complete')",
        },
    ],
});
