/* The life of a cache node: published in a slot, read, replaced (and so retired), freed. A freed node is used again at
 * once, which is the worst case. Each step on shared memory is one step here, as in Epochs.swift and CacheAccess.swift;
 * what a processor may reorder is argued in docs/verification-cache.md, not here.
 *
 *   WORKERS  that read, replace, pass quiescent points, go idle and come back, for ever
 *   NODES    that there are
 *   GRACE    how many epochs lie between retirement and freeing
 *   BROKEN_ONLINE   coming online: the first slot is read before the line is written
 *   BROKEN_QUIET    the line is brought up to date while the worker still holds a node
 *   BROKEN_OWNER    a node is retired also by a worker whose exchange of the slot failed
 *
 * What must hold: nobody looks at a node that is free, and no node is retired twice. scripts/check-models.sh checks
 * this, and that each broken variant is found out.
 *
 * Epochs are counted modulo 8, so that there are finitely many states: a node that waits for so long that its epoch
 * looks recent again is only freed later.
 */

#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef GRACE
#define GRACE 3
#endif
#ifndef NODES
#define NODES 3
#endif

#define NONE 15
#define OFFLINE 0
#define ARRIVING 1
#define FIRST 2
#define NEXT(epoch) ((epoch) == 9 -> 2 : (epoch) + 1)
#define BETWEEN(early, late) (((late) + 8 - (early)) % 8)

#define FREE 0
#define PUBLISHED 1
#define RETIRED 2

byte slot = NONE;
byte global = FIRST;
byte line[WORKERS] = OFFLINE;
byte state[NODES] = FREE;
/* By whom a node was retired, and what that worker's line said. */
byte owner[NODES];
byte epoch[NODES];

#define LOOK assert(held == NONE || state[held] != FREE)

proctype worker(byte me) {
    byte seen = 0;
    byte held = NONE;
    byte fresh = NONE;
    byte now = 0;
    byte other = 0;

arrive:
#ifdef BROKEN_ONLINE
    seen = global;
    held = slot;
    line[me] = seen;
    d_step { LOOK; held = NONE };
#else
    line[me] = ARRIVING;
    seen = global;
    line[me] = seen;
#endif

turn:
    if
    :: /* A hit: found, then looked at. */
       d_step { held = slot; LOOK };
       d_step { LOOK; held = NONE }

    :: /* An insertion: a new node, published by an exchange; what was there is retired by who exchanged it. */
       d_step {
           fresh = 0;
           do
           :: fresh < NODES && state[fresh] != FREE -> fresh++
           :: else -> break
           od;
           if
           :: fresh < NODES -> state[fresh] = PUBLISHED
           :: else -> fresh = NONE
           fi
       };
       if
       :: fresh != NONE ->
          d_step { held = slot; LOOK };
          d_step {
              LOOK;
              if
              :: slot == held ->
                 slot = fresh;
                 if
                 :: held != NONE ->
                    assert(state[held] == PUBLISHED);
                    state[held] = RETIRED; owner[held] = me; epoch[held] = seen
                 :: else
                 fi
              :: else ->
#ifdef BROKEN_OWNER
                 if
                 :: held != NONE ->
                    assert(state[held] == PUBLISHED);
                    state[held] = RETIRED; owner[held] = me; epoch[held] = seen
                 :: else
                 fi;
#endif
                 state[fresh] = FREE /* Never published. */
              fi;
              held = NONE;
              fresh = NONE
          }
       :: else
       fi

    :: /* An entry is taken out. */
       d_step { held = slot; LOOK };
       d_step {
           if
           :: held != NONE && slot == held ->
              slot = NONE;
              assert(state[held] == PUBLISHED);
              state[held] = RETIRED; owner[held] = me; epoch[held] = seen
           :: else
           fi;
           held = NONE
       }

    :: /* A quiescent point, then reclamation: the lines one by one, the step, the freeing. */
#ifdef BROKEN_QUIET
       d_step { held = slot; LOOK };
#endif
       seen = global;
       line[me] = seen;
#ifdef BROKEN_QUIET
       d_step { LOOK; held = NONE };
#endif
       now = global;
       other = 0;
       do
       :: other < WORKERS ->
          if
          :: atomic { line[other] == OFFLINE || line[other] == now -> other++ }
          :: atomic { !(line[other] == OFFLINE || line[other] == now) -> break }
          fi
       :: else ->
          d_step {
              if
              :: global == now -> global = NEXT(now)
              :: else
              fi
          };
          break
       od;
       atomic {
           now = global;
           other = 0;
           do
           :: other < NODES ->
              if
              :: state[other] == RETIRED && owner[other] == me && BETWEEN(epoch[other], now) >= GRACE ->
                 state[other] = FREE; owner[other] = 0; epoch[other] = 0
              :: else
              fi;
              other++
           :: else -> break
           od;
           now = 0;
           other = 0
       }

    :: /* Idle, and back. */
       line[me] = OFFLINE;
       seen = 0;
       goto arrive
    fi;
    goto turn
}

init {
    byte number = 0;
    atomic {
        do
        :: number < WORKERS -> run worker(number); number++
        :: else -> break
        od
    }
}
