import { EventBus } from "@odoo/owl";

/**
 * Where somebody who heard of a message says so: `announcements.trigger("announced")`. It is a hint,
 * nothing more: the server is asked at once, and what the message says comes from there.
 */
export const announcements = new EventBus();
