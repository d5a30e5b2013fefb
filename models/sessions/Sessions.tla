------------------------------ MODULE Sessions ------------------------------
(***************************************************************************)
(* Session expiry against ephemeral create and heartbeat.                  *)
(*                                                                         *)
(* Describes (each of these files names this model):                       *)
(*   shared/services/session-service.ts  create close heartbeat            *)
(*   shared/services/session-lease.ts    putLease extendLease closeOwnLease *)
(*   shared/services/session-reaper.ts   reap sweep closeInTree            *)
(*   shared/tree/prepare.ts              findUnknown                       *)
(*   shared/tree/decide.ts               decideCreateSession decideCloseSession *)
(*                                                                         *)
(* One session, for an id is never used again. Its lease is an item, its   *)
(* life in the tree is decided by the tree's log: a writer plans on what   *)
(* it knows of the log, and its put wins only if nothing came since (see   *)
(* the model of the shared log). Between any two requests a process may    *)
(* stand still while time goes on, or end.                                 *)
(*                                                                         *)
(* Time: what is left of the lease and of what the client was promised, by *)
(* a true clock that no process has. The clocks of those who write leases  *)
(* and of those who reap differ by ClockTicks.                             *)
(***************************************************************************)
EXTENDS Integers

CONSTANTS
  TimeoutTicks,        \* of the session
  SkewTicks,           \* sessionSkewMs
  ClockTicks,          \* how far the clock of who writes the lease is behind that of who reaps
  KeptTicks,           \* graceMs: how long a closing lease tells a creator that it came too late
  Beats,               \* heartbeats that may be under way at the same time
  Reapers,             \* processes that reap or sweep
  DeathsMax,           \* times that one of them ends half-way
  \* Mutants: each switches one rule off.
  EphemeralWithoutSessionCheck, \* the tree does not refuse a write under a session that is closed
  CloseBeforeFlip,     \* the reaper closes the session in the tree without flipping the lease before
  FlipUnseen,          \* the flip is not conditional on the lease that was looked at
  ReviveLease,         \* a heartbeat extends a lease that is closing, or over
  ShortenLease,        \* a heartbeat that comes late takes away what a later one promised
  LeasesBeforeTree,    \* the sweep looks at the leases first, then at the tree's sessions
  TreeBeforeLease,     \* a session comes to the tree before it has a lease
  NoSkewAllowance,     \* a reaper takes its own clock for everyone's
  CreateUnseen,        \* a creator that stood still does not look at its lease again
  NoSweep              \* nobody finds what lost wake-ups left (breaks liveness)

VARIABLES
  lease,     \* the item
  tree,      \* the session and its ephemeral in the tree, and how many transactions its log has
  creator,   \* the process that serves `create`
  client,    \* "waits" until it has the session, "has", "closes", "closed", "crashed", "refused"
  promised,  \* ticks for which the client may still count on its session
  beat,      \* heartbeats under way
  ephemeral, \* a create of an ephemeral under way: the length of the log that it was planned on
  closer,    \* the process that serves `close`
  reaper,
  deaths,
  early      \* the session was closed against a promise, or promised when its lease was over

vars == <<lease, tree, creator, client, promised, beat, ephemeral, closer, reaper, deaths, early>>

LeftMin == 0 - SkewTicks - ClockTicks - 1
NoLease == [state |-> "none", left |-> 0, kept |-> -1]
IdleReaper == [pc |-> "idle", same |-> FALSE, kept |-> -1, open |-> FALSE]
IdleBeat == [sent |-> FALSE, age |-> 0]
AgeMax == TimeoutTicks + 1
Max(a, b) == IF a > b THEN a ELSE b

Init ==
  /\ lease = NoLease
  /\ tree = [session |-> "never", ephemeral |-> FALSE, length |-> 0]
  /\ creator = [pc |-> "lease", age |-> 0]
  /\ client = "waits"
  /\ promised = 0
  /\ beat = [b \in Beats |-> IdleBeat]
  /\ ephemeral = -1
  /\ closer = "idle"
  /\ reaper = [r \in Reapers |-> IdleReaper]
  /\ deaths = 0
  /\ early = FALSE

\* The lease has another version than the one that a reaper has seen.
LeaseIsAnother == reaper' = [r \in Reapers |-> [reaper[r] EXCEPT !.same = FALSE]]

(* ------------------------------ the tree's log ------------------------------ *)

\* decideCreateSession
TreeOpens == tree' = [session |-> "open", ephemeral |-> FALSE, length |-> tree.length + 1]

\* closeInTree, decideCloseSession: with all its ephemerals, at one zxid. Nothing is written where there is no session.
TreeCloses(byOwner) ==
  IF tree.session = "open"
  THEN /\ tree' = [session |-> "closed", ephemeral |-> FALSE, length |-> tree.length + 1]
       /\ early' = (early \/ (~byOwner /\ client = "has" /\ promised > 0))
  ELSE UNCHANGED <<tree, early>>

(* ------------------------------ session-service.ts: create ------------------------------ *)

\* putLease: conditional on the id being free.
PutLease ==
  /\ creator.pc = (IF TreeBeforeLease THEN "lease after" ELSE "lease")
  /\ lease = NoLease
  /\ lease' = [state |-> "live", left |-> TimeoutTicks - ClockTicks, kept |-> -1]
  /\ creator' = [pc |-> IF TreeBeforeLease THEN "check" ELSE "tree", age |-> 0]
  /\ (IF lease' = lease THEN UNCHANGED reaper ELSE LeaseIsAnother)
  /\ UNCHANGED <<tree, client, promised, beat, ephemeral, closer, deaths, early>>

\* The session comes to the tree; an answer that is lost leaves the creator with nothing to say.
CreateInTree ==
  /\ creator.pc = (IF TreeBeforeLease THEN "lease" ELSE "tree")
  /\ tree.session = "never"
  /\ TreeOpens
  /\ \/ creator' = [creator EXCEPT !.pc = IF TreeBeforeLease THEN "lease after" ELSE "check"] /\ UNCHANGED client
     \/ creator' = [pc |-> "ended", age |-> 0] /\ client' = "refused"
  /\ UNCHANGED <<lease, promised, beat, ephemeral, closer, reaper, deaths, early>>

\* "This process stood still: the reaper may have looked for the session before it was there."
Check ==
  LET isFresh == creator.age <= TimeoutTicks \div 2 \/ CreateUnseen
      mayExtend == lease.state = "live" /\ lease.left + ClockTicks > 0
  IN
  /\ creator.pc = "check"
  /\ creator' = [pc |-> "ended", age |-> 0]
  /\ \/ /\ isFresh
        /\ client' = "has"
        /\ promised' = TimeoutTicks - creator.age
        /\ early' = (early \/ lease.state # "live")
        /\ UNCHANGED <<lease, tree>>
     \/ /\ ~isFresh /\ mayExtend
        /\ lease' = [lease EXCEPT !.left = Max(@, TimeoutTicks - ClockTicks)]
        /\ client' = "has"
        /\ promised' = TimeoutTicks
        /\ UNCHANGED <<tree, early>>
     \/ /\ ~isFresh /\ ~mayExtend
        /\ TreeCloses(FALSE)
        /\ client' = "refused"
        /\ UNCHANGED <<lease, promised>>
  /\ (IF lease' = lease THEN UNCHANGED reaper ELSE LeaseIsAnother)
  /\ UNCHANGED <<beat, ephemeral, closer, deaths>>

CreatorDies ==
  /\ creator.pc # "ended"
  /\ creator' = [pc |-> "ended", age |-> 0]
  /\ client' = "refused"
  /\ UNCHANGED <<lease, tree, promised, beat, ephemeral, closer, reaper, deaths, early>>

(* ------------------------------ the client: heartbeat, ephemeral, close, crash ------------------------------ *)

SendBeat(b) ==
  /\ client = "has"
  /\ ~beat[b].sent
  /\ beat' = [beat EXCEPT ![b] = [sent |-> TRUE, age |-> 0]]
  /\ UNCHANGED <<lease, tree, creator, client, promised, ephemeral, closer, reaper, deaths, early>>

\* extendLease: `nowMs` is as old as the heartbeat. Its answer may be lost.
ApplyBeat(b) ==
  LET isOwnAndLive == (lease.state = "live" /\ lease.left + ClockTicks + beat[b].age > 0) \/ ReviveLease
      left == TimeoutTicks - ClockTicks - beat[b].age
      isLater == lease.left <= left \/ ShortenLease
      holds == lease.state # "none" /\ isOwnAndLive
  IN
  /\ beat[b].sent
  /\ beat' = [beat EXCEPT ![b] = IdleBeat]
  /\ lease' = IF holds /\ isLater THEN [lease EXCEPT !.state = "live", !.left = left] ELSE lease
  /\ \/ holds /\ promised' = Max(promised, TimeoutTicks - beat[b].age)
     \/ UNCHANGED promised
  /\ (IF lease' = lease THEN UNCHANGED reaper ELSE LeaseIsAnother)
  /\ UNCHANGED <<tree, creator, client, ephemeral, closer, deaths, early>>

\* A process that serves the create of an ephemeral has caught up, and plans it on what it knows.
PlanEphemeral ==
  /\ client = "has"
  /\ ephemeral = -1
  /\ ~tree.ephemeral
  /\ tree.session = "open" \/ EphemeralWithoutSessionCheck
  /\ ephemeral' = tree.length
  /\ UNCHANGED <<lease, tree, creator, client, promised, beat, closer, reaper, deaths, early>>

\* Its put wins only where nothing came since; else it plans again, and the tree refuses what has no session.
PutEphemeral ==
  /\ ephemeral # -1
  /\ ephemeral' = -1
  /\ tree' = IF tree.length = ephemeral \/ EphemeralWithoutSessionCheck
             THEN [tree EXCEPT !.ephemeral = TRUE, !.length = @ + 1] ELSE tree
  /\ UNCHANGED <<lease, creator, client, promised, beat, closer, reaper, deaths, early>>

\* close: closeOwnLease, closeInTree, #dropLease.
CloseLease ==
  /\ client = "has"
  /\ closer = "idle"
  /\ client' = "closes"
  /\ IF lease.state = "closing" \/ (lease.state = "live" /\ lease.left + ClockTicks > 0)
     THEN lease' = [lease EXCEPT !.state = "closing", !.left = 0] /\ closer' = "tree"
     ELSE UNCHANGED lease /\ closer' = "ended"
  /\ (IF lease' = lease THEN UNCHANGED reaper ELSE LeaseIsAnother)
  /\ UNCHANGED <<tree, creator, promised, beat, ephemeral, deaths, early>>

CloseOwn ==
  /\ closer = "tree"
  /\ TreeCloses(TRUE)
  /\ closer' \in {"drop", "ended"}
  /\ UNCHANGED <<lease, creator, client, promised, beat, ephemeral, reaper, deaths>>

DropOwn ==
  /\ closer = "drop"
  /\ lease' = NoLease
  /\ closer' = "ended"
  /\ (IF lease' = lease THEN UNCHANGED reaper ELSE LeaseIsAnother)
  /\ UNCHANGED <<tree, creator, client, promised, beat, ephemeral, deaths, early>>

Crash ==
  /\ client = "has"
  /\ client' = "crashed"
  /\ promised' = 0
  /\ UNCHANGED <<lease, tree, creator, beat, ephemeral, closer, reaper, deaths, early>>

(* ------------------------------ session-reaper.ts ------------------------------ *)

Is(r, me) == reaper' = [reaper EXCEPT ![r] = me]
\* The same for whoever changes the lease.
IsAlone(r, me) == reaper' = [q \in Reapers |-> IF q = r THEN me ELSE [reaper[q] EXCEPT !.same = FALSE]]
Rest_ == <<creator, client, promised, beat, ephemeral, closer>>
\* #isOver, by the clock of who reaps.
IsOver == lease.state = "closing" \/ lease.left + (IF NoSkewAllowance THEN 0 ELSE SkewTicks) <= 0

\* #reap: looks at the lease, and flips it only if it is as it was seen.
Looked(r, open) ==
  IF lease = NoLease THEN
    IF open THEN Is(r, [IdleReaper EXCEPT !.pc = "close leaseless"]) ELSE Is(r, IdleReaper)
  ELSE IF ~IsOver THEN Is(r, IdleReaper)
  ELSE Is(r, [IdleReaper EXCEPT !.same = (lease.state = "live" /\ ~CloseBeforeFlip),
                                !.kept = lease.kept,
                                !.pc = IF lease.state = "live" /\ ~CloseBeforeFlip THEN "flip" ELSE "close"])

\* A wake-up: lost, late, or twice.
Reap(r) ==
  /\ reaper[r].pc = "idle"
  /\ lease # NoLease
  /\ Looked(r, FALSE)
  /\ UNCHANGED <<lease, tree, deaths, early>> /\ UNCHANGED Rest_

\* The sweep: sessions of the tree first, then the leases.
SweepTree(r) ==
  /\ ~NoSweep /\ ~LeasesBeforeTree
  /\ reaper[r].pc = "idle"
  /\ lease # NoLease \/ tree.session = "open"
  /\ Is(r, [IdleReaper EXCEPT !.pc = "leases", !.open = (tree.session = "open")])
  /\ UNCHANGED <<lease, tree, deaths, early>> /\ UNCHANGED Rest_

SweepLeases(r) ==
  /\ reaper[r].pc = "leases"
  /\ Looked(r, reaper[r].open)
  /\ UNCHANGED <<lease, tree, deaths, early>> /\ UNCHANGED Rest_

\* The mutant's order.
SweepLeasesFirst(r) ==
  /\ LeasesBeforeTree
  /\ \/ reaper[r].pc = "idle" /\ lease = NoLease /\ Is(r, [IdleReaper EXCEPT !.pc = "then tree"])
     \/ reaper[r].pc = "then tree"
        /\ Is(r, IF tree.session = "open" THEN [IdleReaper EXCEPT !.pc = "close leaseless"] ELSE IdleReaper)
  /\ UNCHANGED <<lease, tree, deaths, early>> /\ UNCHANGED Rest_

\* #flip; on a refusal it looks again.
Flip(r) ==
  LET me == reaper[r] IN
  /\ me.pc = "flip"
  /\ IF lease # NoLease /\ (me.same \/ FlipUnseen)
     THEN /\ lease' = [lease EXCEPT !.state = "closing", !.left = 0]
          /\ IsAlone(r, [me EXCEPT !.pc = "close", !.same = FALSE])
     ELSE UNCHANGED lease /\ Is(r, IdleReaper)
  /\ UNCHANGED <<tree, deaths, early>> /\ UNCHANGED Rest_

\* #finish: the tree closes it, then the lease goes; what the tree does not have is kept for a while.
CloseInTree(r) ==
  LET me == reaper[r] IN
  /\ me.pc = "close"
  /\ TreeCloses(FALSE)
  /\ Is(r, [me EXCEPT !.pc = IF tree.session = "open" \/ me.kept = 0 THEN "drop" ELSE IF me.kept = -1 THEN "keep" ELSE "idle",
                      !.kept = -1])
  /\ UNCHANGED <<lease, deaths>> /\ UNCHANGED Rest_

DropLease(r) ==
  /\ reaper[r].pc = "drop"
  /\ lease' = NoLease
  /\ IsAlone(r, IdleReaper)
  /\ UNCHANGED <<tree, deaths, early>> /\ UNCHANGED Rest_

KeepLease(r) ==
  /\ reaper[r].pc = "keep"
  /\ lease' = IF lease = NoLease THEN lease ELSE [lease EXCEPT !.kept = KeptTicks]
  /\ IsAlone(r, IdleReaper)
  /\ UNCHANGED <<tree, deaths, early>> /\ UNCHANGED Rest_

CloseLeaseless(r) ==
  /\ reaper[r].pc = "close leaseless"
  /\ TreeCloses(FALSE)
  /\ Is(r, IdleReaper)
  /\ UNCHANGED <<lease, deaths>> /\ UNCHANGED Rest_

ReaperDies(r) ==
  /\ reaper[r].pc # "idle"
  /\ deaths < DeathsMax
  /\ deaths' = deaths + 1
  /\ Is(r, IdleReaper)
  /\ UNCHANGED <<lease, tree, early>> /\ UNCHANGED Rest_

(* ------------------------------ time ------------------------------ *)

Less(n, least) == IF n > least THEN n - 1 ELSE n

\* A heartbeat whose request is older than its lease can matter no more: it is given up.
Tick ==
  /\ lease' = IF lease = NoLease THEN lease
              ELSE [lease EXCEPT !.left = IF lease.state = "live" THEN Less(@, LeftMin) ELSE 0,
                                 !.kept = IF @ = -1 THEN -1 ELSE Less(@, 0)]
  /\ promised' = Less(promised, 0)
  /\ beat' = [b \in Beats |-> IF beat[b].sent /\ beat[b].age < TimeoutTicks THEN [beat[b] EXCEPT !.age = @ + 1] ELSE IdleBeat]
  /\ creator' = [creator EXCEPT !.age = IF creator.pc \in {"tree", "check"} /\ @ < AgeMax THEN @ + 1 ELSE @]
  /\ UNCHANGED <<tree, client, ephemeral, closer, reaper, deaths, early>>

Next ==
  \/ PutLease \/ CreateInTree \/ Check \/ CreatorDies
  \/ \E b \in Beats : SendBeat(b) \/ ApplyBeat(b)
  \/ PlanEphemeral \/ PutEphemeral
  \/ CloseLease \/ CloseOwn \/ DropOwn \/ Crash
  \/ \E r \in Reapers :
       \/ Reap(r) \/ SweepTree(r) \/ SweepLeases(r) \/ SweepLeasesFirst(r)
       \/ Flip(r) \/ CloseInTree(r) \/ DropLease(r) \/ KeepLease(r) \/ CloseLeaseless(r) \/ ReaperDies(r)
  \/ Tick

\* Time goes on, sweeps come round and end what they began; nothing else is certain to happen.
Fairness ==
  /\ WF_vars(Tick)
  /\ \A r \in Reapers :
       /\ WF_vars(SweepTree(r) \/ SweepLeases(r) \/ Flip(r) \/ CloseInTree(r) \/ DropLease(r) \/ KeepLease(r) \/ CloseLeaseless(r))

Spec == Init /\ [][Next]_vars /\ Fairness

(* ------------------------------ what must hold ------------------------------ *)

\* No ephemeral without an open session.
NoEphemeralOfClosed == tree.ephemeral => tree.session = "open"

\* Nobody but its owner ends a session that its client may count on, and none is handed out whose lease is over.
NotClosedEarly == ~early

\* A client that was told it has a session has one, for as long as it was told.
PromisedIsOpen == (client = "has" /\ promised > 0) => tree.session = "open"

\* What the tree has closed has no lease that a heartbeat could extend.
NoLiveLeaseOfClosed == tree.session = "closed" => ~(lease.state = "live" /\ lease.left + ClockTicks > 0)

\* Whoever ends half-way, in the end a session whose client is gone has neither ephemeral nor lease.
IsGone == client \in {"crashed", "refused", "closes"} /\ creator.pc = "ended" /\ \A b \in Beats : ~beat[b].sent
EndsInTheEnd == IsGone ~> (tree.session # "open" /\ lease = NoLease)
=============================================================================
