-- A copied database must never reach a real cloud, nor hold what opens one.
UPDATE fapiao_account
   SET mode = 'sandbox',
       base_url = 'http://127.0.0.1:1/neutralized',
       password = NULL,
       tax_password = NULL,
       app_secret = NULL,
       token = NULL,
       callback_token = NULL,
       token_expires_at = NULL;
