-- A copied database must never reach a real cloud, nor hold what opens one.
UPDATE fapiao_account
   SET mode = 'sandbox',
       base_url = 'http://127.0.0.1:1/neutralized',
       password = NULL,
       tax_password = NULL,
       app_secret = NULL,
       token = NULL,
       callback_token = NULL,
       token_expires_at = NULL,
       assistant_url = CASE WHEN assistant_url IS NULL THEN NULL ELSE 'http://127.0.0.1:1/neutralized' END,
       assistant_page_url = NULL,
       assistant_link_url = NULL,
       client_secret = NULL,
       assistant_token = NULL,
       assistant_token_expires_at = NULL;

-- Signed addresses lead to files, codes open a session.
UPDATE fapiao SET pdf_address = NULL, ofd_address = NULL, xml_address = NULL, image_address = NULL,
       original_image_address = NULL;
UPDATE fapiao_call SET answer_raw = NULL WHERE answer_raw IS NOT NULL;
DELETE FROM fapiao_login;

-- A page opens for whoever has its keys.
UPDATE fapiao_pick SET link_key = NULL, user_key = NULL, next_poll_at = NULL;
