-- To whom the mail about an order of gift cards was promised, and how the orders of a quote are found, also rejected ones: they need it.

ALTER TABLE gift_orders ADD COLUMN mail_to TEXT;

CREATE INDEX gift_orders_of_quotes ON gift_orders (quote_id);
