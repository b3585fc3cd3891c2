-- +goose Up

CREATE TABLE deployment (
    name  TEXT PRIMARY KEY, -- 'schema_floor', 'key_check', 'heartbeat'
    value TEXT NOT NULL
);
-- The oldest schema a program must know to work with this one. A migration that
-- takes away what the last release uses raises it.
INSERT INTO deployment (name, value) VALUES ('schema_floor', '1');

CREATE TABLE account (
    id                 TEXT PRIMARY KEY,
    slug               TEXT NOT NULL UNIQUE,
    version            BIGINT NOT NULL,
    settings           TEXT NOT NULL, -- JSON, replaced as a whole
    applied            TEXT NOT NULL DEFAULT '', -- settings as of the last apply
    line_sealed        TEXT NOT NULL, -- encrypted credentials
    bot_user_id        TEXT NOT NULL DEFAULT '',
    redelivery_seen_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE operator_identity (
    account_id TEXT NOT NULL REFERENCES account (id),
    operator   TEXT NOT NULL,
    email      TEXT NOT NULL, -- by which the Slack user was found
    slack_user TEXT NOT NULL,
    PRIMARY KEY (account_id, operator)
);

-- Slack users of an account whose Slack account was ended.
CREATE TABLE inactive_user (
    account_id TEXT NOT NULL REFERENCES account (id),
    slack_user TEXT NOT NULL,
    PRIMARY KEY (account_id, slack_user)
);

-- Narrow, and kept when the payload is purged: a duplicate never gets in.
CREATE TABLE inbox_key (
    account_id  TEXT NOT NULL,
    event_key   TEXT NOT NULL,
    digest      TEXT NOT NULL DEFAULT '',
    received_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, event_key)
);

CREATE TABLE inbox (
    id              TEXT PRIMARY KEY,
    account_id      TEXT NOT NULL,
    source          TEXT NOT NULL,
    event_key       TEXT NOT NULL,
    lane            TEXT NOT NULL,
    at              BIGINT NOT NULL,
    received_at     BIGINT NOT NULL,
    raw             BYTEA NOT NULL,
    line_message_id TEXT NOT NULL DEFAULT '',
    redelivered     BOOLEAN NOT NULL DEFAULT FALSE,
    state           TEXT NOT NULL, -- pending, done, parked
    attempts        BIGINT NOT NULL DEFAULT 0,
    error           TEXT NOT NULL DEFAULT '',
    done_at         BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX inbox_pending ON inbox (lane, at, event_key) WHERE state = 'pending';
CREATE INDEX inbox_state ON inbox (state, received_at) WHERE state <> 'done';
CREATE INDEX inbox_done ON inbox (done_at) WHERE state = 'done';
CREATE INDEX inbox_line_message ON inbox (account_id, line_message_id) WHERE line_message_id <> '';

-- A row only while the lane has something to do.
CREATE TABLE lane (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL, -- inbox, send, post, task, media
    due_at      BIGINT NOT NULL, -- stays as it is while the lane is leased
    bump        BIGINT NOT NULL DEFAULT 1, -- grows with every addition
    lease_owner TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX lane_due ON lane (kind, due_at);

CREATE TABLE rate (
    id         TEXT PRIMARY KEY,
    paced      BIGINT NOT NULL DEFAULT 0, -- when all that was counted is through at an even rate, microseconds
    not_before BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE friend (
    id             TEXT PRIMARY KEY,
    account_id     TEXT NOT NULL REFERENCES account (id),
    line_id        TEXT NOT NULL,
    kind           TEXT NOT NULL,
    name           TEXT NOT NULL DEFAULT '',
    search_name    TEXT NOT NULL DEFAULT '', -- name, NFKC and case folded
    picture        TEXT NOT NULL DEFAULT '',
    profile_at     BIGINT NOT NULL DEFAULT 0,
    blocked        BOOLEAN NOT NULL DEFAULT FALSE,
    blocked_at     BIGINT NOT NULL DEFAULT 0,
    standby        BOOLEAN NOT NULL DEFAULT FALSE,
    standby_at     BIGINT NOT NULL DEFAULT 0,
    waiting_since  BIGINT NOT NULL DEFAULT 0,
    last_at        BIGINT NOT NULL DEFAULT 0,
    answered_by    TEXT NOT NULL DEFAULT '',
    in_charge      TEXT NOT NULL DEFAULT '',
    in_charge_name TEXT NOT NULL DEFAULT '',
    mark_as_read   TEXT NOT NULL DEFAULT '',
    next_seq       BIGINT NOT NULL DEFAULT 1, -- of messages
    next_reply_seq BIGINT NOT NULL DEFAULT 1, -- of released replies
    created_at     BIGINT NOT NULL,
    UNIQUE (account_id, line_id)
);
CREATE INDEX friend_waiting ON friend (account_id, waiting_since, id) WHERE waiting_since > 0;

CREATE TABLE friend_tag (
    friend_id  TEXT NOT NULL REFERENCES friend (id),
    tag_id     TEXT NOT NULL,
    account_id TEXT NOT NULL,
    is_on      BOOLEAN NOT NULL, -- FALSE: taken off by a person; no rule puts it back
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (friend_id, tag_id)
);

CREATE TABLE speaker (
    account_id TEXT NOT NULL,
    line_id    TEXT NOT NULL,
    name       TEXT NOT NULL,
    fetched_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, line_id)
);

CREATE TABLE follow_count (
    account_id TEXT NOT NULL,
    hour       BIGINT NOT NULL, -- Unix milliseconds of its beginning
    follows    BIGINT NOT NULL,
    PRIMARY KEY (account_id, hour)
);

CREATE TABLE message (
    id          TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL,
    friend_id   TEXT NOT NULL REFERENCES friend (id),
    seq         BIGINT NOT NULL,
    kind        TEXT NOT NULL, -- message, mirror, note
    at          BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    line_id     TEXT NOT NULL DEFAULT '',
    quoted_id   TEXT NOT NULL DEFAULT '',
    speaker_id  TEXT NOT NULL DEFAULT '',
    content     BYTEA NOT NULL,
    text        TEXT NOT NULL DEFAULT '',
    author_id   TEXT NOT NULL DEFAULT '',
    author_name TEXT NOT NULL DEFAULT '',
    late        BOOLEAN NOT NULL DEFAULT FALSE,
    unsent      BOOLEAN NOT NULL DEFAULT FALSE,
    media       TEXT NOT NULL DEFAULT '',
    media_key   TEXT NOT NULL DEFAULT '',
    media_type  TEXT NOT NULL DEFAULT '',
    media_size  BIGINT NOT NULL DEFAULT 0,
    UNIQUE (friend_id, seq)
);
CREATE INDEX message_line_id ON message (account_id, line_id) WHERE line_id <> '';
CREATE INDEX message_quoted ON message (account_id, quoted_id) WHERE quoted_id <> '';
CREATE INDEX message_media ON message (received_at) WHERE media_key <> '';

CREATE TABLE buried (
    account_id      TEXT NOT NULL,
    line_message_id TEXT NOT NULL,
    buried_at       BIGINT NOT NULL,
    PRIMARY KEY (account_id, line_message_id)
);

CREATE TABLE reply_token (
    id          TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL,
    friend_id   TEXT NOT NULL REFERENCES friend (id),
    token       TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    used        BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX reply_token_friend ON reply_token (friend_id, received_at);
CREATE INDEX reply_token_age ON reply_token (received_at);

CREATE TABLE slack_channel (
    id         TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    place      TEXT NOT NULL, -- operator key, or 'owners'
    team_id    TEXT NOT NULL DEFAULT '',
    channel_id TEXT NOT NULL DEFAULT '',
    name       TEXT NOT NULL DEFAULT '',
    state      TEXT NOT NULL,
    reason     TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, place)
);
CREATE UNIQUE INDEX slack_channel_slack ON slack_channel (team_id, channel_id) WHERE channel_id <> '';

CREATE TABLE thread (
    id               TEXT PRIMARY KEY,
    account_id       TEXT NOT NULL,
    friend_id        TEXT NOT NULL, -- '' for the bot's own posts in the open
    place            TEXT NOT NULL,
    slack_channel_id TEXT NOT NULL REFERENCES slack_channel (id),
    generation       BIGINT NOT NULL,
    is_current       BOOLEAN NOT NULL,
    sight            BOOLEAN NOT NULL,
    ts               TEXT NOT NULL DEFAULT '',
    next_seq         BIGINT NOT NULL DEFAULT 1,
    queued_since     BIGINT NOT NULL DEFAULT 0,
    last_post_at     BIGINT NOT NULL DEFAULT 0,
    last_mention_at  BIGINT NOT NULL DEFAULT 0,
    last_reply_at    BIGINT NOT NULL DEFAULT 0,
    swept_ts         TEXT NOT NULL DEFAULT '',
    created_at       BIGINT NOT NULL
);
CREATE UNIQUE INDEX thread_current ON thread (friend_id, place, account_id) WHERE is_current;
CREATE INDEX thread_friend ON thread (friend_id) WHERE friend_id <> '';
CREATE INDEX thread_slack ON thread (slack_channel_id, ts) WHERE ts <> '';
CREATE INDEX thread_queued ON thread (slack_channel_id, queued_since) WHERE queued_since > 0;
CREATE INDEX thread_recent ON thread ((CASE WHEN last_reply_at > last_post_at THEN last_reply_at ELSE last_post_at END))
    WHERE last_post_at > 0;

CREATE TABLE part (
    id         TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    thread_id  TEXT NOT NULL REFERENCES thread (id),
    seq        BIGINT NOT NULL,
    message_id TEXT NOT NULL DEFAULT '',
    notice     BYTEA NOT NULL,
    context    BOOLEAN NOT NULL DEFAULT FALSE,
    state      TEXT NOT NULL, -- queued, frozen, posted, void
    call_id    TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    UNIQUE (thread_id, seq)
);
CREATE UNIQUE INDEX part_message ON part (message_id, thread_id) WHERE message_id <> '' AND state <> 'void';
CREATE INDEX part_queued ON part (thread_id, seq) WHERE state = 'queued';
CREATE INDEX part_call ON part (call_id) WHERE call_id <> '';

CREATE TABLE post (
    id          TEXT PRIMARY KEY, -- the id of the call that made it
    account_id  TEXT NOT NULL,
    thread_id   TEXT NOT NULL REFERENCES thread (id),
    channel_id  TEXT NOT NULL,
    ts          TEXT NOT NULL,
    is_card     BOOLEAN NOT NULL,
    digest      TEXT NOT NULL DEFAULT '',
    mention     TEXT NOT NULL DEFAULT '',
    repeated    BOOLEAN NOT NULL DEFAULT FALSE,
    withdrawn   BOOLEAN NOT NULL DEFAULT FALSE,
    stale       BOOLEAN NOT NULL DEFAULT FALSE, -- to be drawn anew when its Slack channel is ready
    rendered_at BIGINT NOT NULL
);
CREATE INDEX post_thread ON post (thread_id) WHERE is_card;
CREATE INDEX post_slack ON post (channel_id, ts);
CREATE INDEX post_stale ON post (channel_id) WHERE stale;

CREATE TABLE slack_upload (
    message_id TEXT NOT NULL,
    thread_id  TEXT NOT NULL,
    file_id    TEXT NOT NULL,
    shared     BOOLEAN NOT NULL,
    PRIMARY KEY (message_id, thread_id)
);

-- The outbox: one row a call.
CREATE TABLE call (
    id         TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    lane       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    seq        BIGINT NOT NULL,
    thread_id  TEXT NOT NULL DEFAULT '',
    ref        TEXT NOT NULL DEFAULT '',
    merge_key  TEXT NOT NULL DEFAULT '',
    body       BYTEA NOT NULL,
    retry_key  TEXT NOT NULL DEFAULT '',
    token      TEXT NOT NULL DEFAULT '',
    repeated   BOOLEAN NOT NULL DEFAULT FALSE,
    state      TEXT NOT NULL, -- queued, calling, uncertain, done, failed, void
    attempts   BIGINT NOT NULL DEFAULT 0,
    next_at    BIGINT NOT NULL DEFAULT 0,
    first_at   BIGINT NOT NULL DEFAULT 0,
    unsure_at  BIGINT NOT NULL DEFAULT 0,
    result     TEXT NOT NULL DEFAULT '',
    code       TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX call_open ON call (lane, seq) WHERE state IN ('queued', 'calling', 'uncertain');
CREATE INDEX call_open_thread ON call (thread_id) WHERE state IN ('queued', 'calling', 'uncertain') AND kind = 'slack.post';
CREATE INDEX call_open_ref ON call (ref) WHERE state IN ('queued', 'calling', 'uncertain');
CREATE INDEX call_ended ON call (ended_at) WHERE ended_at > 0;
-- Only calls that were never attempted merge; an attempted one may already have read what it shows.
CREATE UNIQUE INDEX call_merge ON call (merge_key) WHERE merge_key <> '' AND state = 'queued' AND attempts = 0 AND first_at = 0;

CREATE TABLE attempt (
    call_id    TEXT NOT NULL,
    at         BIGINT NOT NULL,
    took       BIGINT NOT NULL, -- milliseconds
    outcome    TEXT NOT NULL,
    code       TEXT NOT NULL,
    request_id TEXT NOT NULL
);
CREATE INDEX attempt_call ON attempt (call_id);

-- Posts of ours that came back as events: proof that an uncertain call was carried out.
CREATE TABLE echo (
    call_id    TEXT PRIMARY KEY,
    channel_id TEXT NOT NULL,
    ts         TEXT NOT NULL,
    thread_ts  TEXT NOT NULL,
    placed     BOOLEAN NOT NULL, -- the event told of the thread
    seen_at    BIGINT NOT NULL
);
CREATE INDEX echo_age ON echo (seen_at);

CREATE TABLE reply (
    id          TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL,
    friend_id   TEXT NOT NULL REFERENCES friend (id),
    thread_id   TEXT NOT NULL,
    team_id     TEXT NOT NULL,
    channel_id  TEXT NOT NULL,
    ts          TEXT NOT NULL,
    user_id     TEXT NOT NULL,
    author_name TEXT NOT NULL,
    text        TEXT NOT NULL,
    edited_ts   TEXT NOT NULL DEFAULT '',
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL DEFAULT '',
    arrived_at  BIGINT NOT NULL,
    hold_until  BIGINT NOT NULL DEFAULT 0,
    burst       TEXT NOT NULL DEFAULT '',
    seq         BIGINT NOT NULL DEFAULT 0,
    released_at BIGINT NOT NULL DEFAULT 0,
    released_by TEXT NOT NULL DEFAULT '',
    may_push    BOOLEAN NOT NULL DEFAULT FALSE,
    call_id     TEXT NOT NULL DEFAULT '',
    message_id  TEXT NOT NULL DEFAULT '',
    hourglass   BOOLEAN NOT NULL DEFAULT FALSE,
    ended_at    BIGINT NOT NULL DEFAULT 0,
    UNIQUE (team_id, channel_id, ts)
);
CREATE INDEX reply_open ON reply (friend_id, state) WHERE state IN ('held', 'released', 'sending', 'asking');
CREATE INDEX reply_call ON reply (call_id) WHERE call_id <> '';

CREATE TABLE reply_change (
    team_id    TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    ts         TEXT NOT NULL,
    edited_ts  TEXT NOT NULL,
    text       TEXT NOT NULL,
    deleted    BOOLEAN NOT NULL,
    seen_at    BIGINT NOT NULL,
    PRIMARY KEY (team_id, channel_id, ts)
);
CREATE INDEX reply_change_age ON reply_change (seen_at);

CREATE TABLE audit (
    id         TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    at         BIGINT NOT NULL,
    actor      TEXT NOT NULL,
    action     TEXT NOT NULL,
    friend_id  TEXT NOT NULL DEFAULT '',
    detail     TEXT NOT NULL DEFAULT '',
    allowed    BOOLEAN NOT NULL,
    sets       TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_friend ON audit (account_id, friend_id, at);
CREATE INDEX audit_at ON audit (account_id, at);

CREATE TABLE pause (
    connection TEXT PRIMARY KEY,
    code       TEXT NOT NULL,
    since      BIGINT NOT NULL,
    retry_at   BIGINT NOT NULL
);

-- +goose Down
DROP TABLE pause;
DROP TABLE audit;
DROP TABLE reply_change;
DROP TABLE reply;
DROP TABLE echo;
DROP TABLE attempt;
DROP TABLE call;
DROP TABLE slack_upload;
DROP TABLE post;
DROP TABLE part;
DROP TABLE thread;
DROP TABLE slack_channel;
DROP TABLE reply_token;
DROP TABLE buried;
DROP TABLE message;
DROP TABLE follow_count;
DROP TABLE speaker;
DROP TABLE friend_tag;
DROP TABLE friend;
DROP TABLE rate;
DROP TABLE lane;
DROP TABLE inbox;
DROP TABLE inbox_key;
DROP TABLE inactive_user;
DROP TABLE operator_identity;
DROP TABLE account;
DROP TABLE deployment;
