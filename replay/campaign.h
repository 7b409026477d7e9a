/*
 * campaign.h - replays traces round after round into the files of a folder, and goes on where it
 * was ended.
 */
#ifndef REPLAY_CAMPAIGN_H
#define REPLAY_CAMPAIGN_H

#include "replay/session.h"
#include "replay/trace_list.h"
#include "traces/format/error.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Replays `count` traces and writes one set of files into `folder`. Cells that fail are rows with
 * their status. After an interruption (true is returned) or an error, what was finished is written;
 * where nothing was, the files of `folder` stay as they were, and rows_written is 0. With --resume
 * the rounds that stand in `folder` and are of this campaign are kept.
 */
bool campaign_run(struct session *session, const struct trace_input *inputs, size_t count,
                  const char *folder, struct error *error);

/*
 * For --resume: the campaign in these folders is the one that was begun last, and goes on with its
 * seed. Where there is none, it is begun. Usage error when another seed was asked for.
 */
bool campaign_find(struct session *session, const char *const *folders, size_t count,
                   struct error *error);

#endif
