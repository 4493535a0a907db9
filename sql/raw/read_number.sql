select nextval('raw.read_number') as read_number;
