import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { RadioField, radioField } from "@web/views/fields/radio/radio_field";

/**
 * A radio that offers only some items of its selection: those whose codes stand, separated by commas,
 * in the field that the option `legal_field` names. The server decides what is legal, record by record.
 */
export class LegalRadioField extends RadioField {
    static props = { ...RadioField.props, legalField: String };

    get items() {
        const legal = (this.props.record.data[this.props.legalField] || "").split(",");
        return super.items.filter(([code]) => legal.includes(code));
    }
}

registry.category("fields").add("fapiao_legal_radio", {
    ...radioField,
    component: LegalRadioField,
    displayName: _t("Radio of What Is Legal"),
    supportedOptions: [
        ...radioField.supportedOptions,
        { label: _t("Legal codes"), name: "legal_field", type: "field", availableTypes: ["char"] },
    ],
    supportedTypes: ["selection"],
    extractProps: (info, dynamicInfo) => ({
        ...radioField.extractProps(info, dynamicInfo),
        legalField: info.options.legal_field,
    }),
    fieldDependencies: ({ options }) => [{ name: options.legal_field, type: "char" }],
});
