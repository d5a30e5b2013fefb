---------------------------- MODULE Transactions ----------------------------
(***************************************************************************)
(* The transaction coordinator.                                            *)
(*                                                                         *)
(* Describes (each of these files names this model):                       *)
(*   shared/transactions/plan-transaction.ts    planAdd planEnd planInit planExpiry planComplete *)
(*   shared/services/transaction-items.ts       change                     *)
(*   shared/services/transaction-finisher.ts    end finish                 *)
(*   shared/services/transaction-recovery.ts    recover                    *)
(*   shared/services/transactional-offsets.ts   stage decide               *)
(*   shared/partition/plan-append.ts            #judgeMarker #judgeTransaction *)
(*                                                                         *)
(* One transactional id with one producer id, whose epoch rises. Its item  *)
(* is changed by conditional writes: a plan on what stands there is one    *)
(* step. A place is a partition, or a group whose offsets are staged. What *)
(* a client sends to a place is verified, then on its way for as long as   *)
(* it likes, and refused or taken when it arrives. Each finisher is a      *)
(* process that may stand still, or end, between any two of its steps.     *)
(***************************************************************************)
EXTENDS Integers, FiniteSets

CONSTANTS
  Partitions,          \* names of partitions
  Groups,              \* names of groups
  Producers,           \* clients: 1 has the id at first, the others may take it over
  TransactionsOf,      \* client -> how many transactions it makes
  UnderWayMax,         \* writes to places on their way
  Finishers,           \* processes that finish what is decided
  DeathsMax,           \* times that one of them ends half-way
  \* Mutants: each switches one rule off.
  MarkerBeforeDecision,\* places are told of the commit before it is decided
  MarkerEndsSameEpoch, \* a marker ends the open transaction unless that has a higher epoch ("not lower")
  EpochStays,          \* the epoch does not rise with each transaction, only with each owner (Kafka before KIP-890)
  WriteUnverified,     \* a place need not be in the transaction
  CompleteEarly,       \* the transaction is complete before all places know
  CompleteUnseen,      \* the write that completes is not conditional on what it completes
  DecideUnseen,        \* the write that decides is not conditional on what it was planned on
  TakeOverSilently,    \* a new owner begins without ending what the one before left open
  StageDecided,        \* a group takes what is staged for a transaction that it has decided
  NoRecovery           \* nobody finishes what others have decided (breaks liveness)

Places == Partitions \union Groups
EpochMax == 12
None == -1

VARIABLES
  item,      \* what the coordinator's item says
  added,     \* epoch -> places that were in its transaction: what a process may remember
  place,     \* what each place holds
  sent,      \* writes on their way to places
  client,
  told,      \* transaction -> what its client was told of its end
  acked,     \* transaction -> places whose write was acknowledged
  finisher,
  deaths

vars == <<item, added, place, sent, client, told, acked, finisher, deaths>>

Transactions == UNION {{q} \X (1 .. TransactionsOf[q]) : q \in Producers}
IdleFinisher == [pc |-> "idle", epoch |-> 0, commit |-> FALSE, places |-> {}, left |-> {}, for |-> <<0, 0>>]

Init ==
  /\ item = [state |-> "Empty", epoch |-> 0, places |-> {}, fenced |-> FALSE, ended |-> None]
  /\ added = [e \in 0 .. EpochMax |-> {}]
  \* A place's epoch is the highest that it knows of the producer; `open` is the epoch of the open transaction.
  /\ place = [p \in Places |-> [epoch |-> None, open |-> None, holds |-> {}, committed |-> {}, aborted |-> {}]]
  /\ sent = {}
  /\ client = [q \in Producers |-> [pc |-> IF q = 1 THEN "ready" ELSE "out", epoch |-> 0, n |-> IF q = 1 THEN 1 ELSE 0]]
  /\ told = [t \in Transactions |-> "nothing"]
  /\ acked = [t \in Transactions |-> {}]
  /\ finisher = [f \in Finishers |-> IdleFinisher]
  /\ deaths = 0

IsDecided == item.state \in {"PrepareCommit", "PrepareAbort"}
Prepare(commit) == IF commit THEN "PrepareCommit" ELSE "PrepareAbort"
Complete(commit) == IF commit THEN "CompleteCommit" ELSE "CompleteAbort"
IsOwner(q) == item.epoch = client[q].epoch /\ ~item.fenced
Of(q) == <<q, client[q].n>>
\* Of the transaction after this one.
Next_(epoch) == IF EpochStays THEN epoch ELSE epoch + 1
\* What the marker carries: above the epoch of the transaction that it ends.
MarkerEpoch(epoch) == IF EpochStays THEN epoch ELSE epoch + 1

(* ------------------------------ plan-transaction.ts ------------------------------ *)

\* planAdd: begins the owner's transaction, or adds to it.
Add(q, p) ==
  /\ client[q].pc = "ready"
  /\ IsOwner(q)
  /\ ~IsDecided
  /\ ~(item.state = "Ongoing" /\ p \in item.places)
  /\ item' = IF item.state = "Ongoing" THEN [item EXCEPT !.places = @ \union {p}]
             ELSE [state |-> "Ongoing", epoch |-> item.epoch, places |-> {p}, fenced |-> FALSE, ended |-> None]
  /\ added' = [added EXCEPT ![item.epoch] = @ \union {p}]
  /\ UNCHANGED <<place, sent, client, told, acked, finisher, deaths>>

NextTransaction(q, epoch) ==
  [client EXCEPT ![q] = IF client[q].n < TransactionsOf[q] THEN [pc |-> "ready", epoch |-> epoch, n |-> client[q].n + 1]
                        ELSE [pc |-> "out", epoch |-> epoch, n |-> client[q].n]]

Hears(q, what) == told' = [told EXCEPT ![Of(q)] = what]

\* planEnd: the write that decides. Then its process finishes, or ends, or is not heard: the client asks again.
End(q, commit) ==
  LET me == client[q]
      isEnded == item.ended = me.epoch
      isMine == IsOwner(q)
      end == IF commit THEN "committed" ELSE "aborted"
      again == IF me.pc = "ready" THEN "fenced" ELSE "unknown"
      isOpen == item.state = "Ongoing" /\ item.places # {}
      \* The mutant decides on what it remembers.
      mayDecide == (isMine /\ isOpen) \/ (DecideUnseen /\ item.epoch = me.epoch /\ item.state # Prepare(commit)
                                           /\ ~isEnded /\ added[me.epoch] # {})
  IN
  /\ me.pc = "ready" \/ me.pc = (IF commit THEN "commits" ELSE "aborts")
  /\ \/ /\ mayDecide
        /\ item' = [item EXCEPT !.state = Prepare(commit), !.places = added[me.epoch], !.fenced = FALSE]
        /\ client' = [client EXCEPT ![q].pc = IF commit THEN "commits" ELSE "aborts"]
        /\ UNCHANGED told
     \* One that never began ends as well.
     \/ /\ isMine /\ ~isOpen /\ ~IsDecided /\ ~isEnded
        /\ item' = [item EXCEPT !.state = Complete(commit), !.epoch = Next_(@), !.ended = me.epoch, !.places = {}]
        /\ Hears(q, end)
        /\ client' = NextTransaction(q, Next_(me.epoch))
     \* The end was answered before, or would have been.
     \/ /\ isEnded /\ me.pc # "ready"
        /\ item.state = Complete(commit)
        /\ Hears(q, end)
        /\ client' = NextTransaction(q, item.epoch)
        /\ UNCHANGED item
     \* Refused: at first because another took over, or it timed out; later the client knows nothing.
     \/ /\ ~isMine /\ ~isEnded
        /\ Hears(q, again)
        /\ client' = [client EXCEPT ![q].pc = "out"]
        /\ UNCHANGED item
  /\ UNCHANGED <<added, place, sent, acked, finisher, deaths>>

FencedOff == [item EXCEPT !.state = "PrepareAbort", !.fenced = TRUE]

\* planExpiry: at any time, for any delay may be longer than the time-out.
Expire ==
  /\ ~NoRecovery
  /\ item.state = "Ongoing"
  /\ item' = FencedOff
  /\ UNCHANGED <<added, place, sent, client, told, acked, finisher, deaths>>

\* planInit: ends what is open first, then gives the id to a new owner.
TakeOver(q) ==
  /\ q # 1
  /\ client[q].pc = "out" /\ client[q].n = 0
  /\ \/ /\ item.state = "Ongoing" /\ ~TakeOverSilently
        /\ item' = FencedOff
        /\ UNCHANGED client
     \/ /\ ~IsDecided
        /\ item.state # "Ongoing" \/ TakeOverSilently
        /\ item' = [state |-> "Empty", epoch |-> item.epoch + 1, places |-> {}, fenced |-> FALSE, ended |-> None]
        /\ client' = [client EXCEPT ![q] = [pc |-> "ready", epoch |-> item.epoch + 1, n |-> 1]]
  /\ UNCHANGED <<added, place, sent, told, acked, finisher, deaths>>

(* ------------------------------ writes to places ------------------------------ *)

\* transaction-verifier.ts: from memory, so that what has ended meanwhile may still pass.
Send(q, p) ==
  LET me == client[q] IN
  /\ me.pc = "ready"
  /\ p \in added[me.epoch] \/ WriteUnverified
  /\ Cardinality(sent) < UnderWayMax
  /\ p \notin acked[Of(q)]
  /\ sent' = sent \union {[to |-> p, epoch |-> me.epoch, of |-> Of(q)]}
  /\ UNCHANGED <<item, added, place, client, told, acked, finisher, deaths>>

\* #judgeSequence, #judgeTransaction; in a group `stage`, whose mark is the epoch up to which it has decided.
Takes(p, epoch) ==
  LET here == place[p] IN
  IF p \in Groups
  THEN (here.epoch < epoch \/ StageDecided) /\ here.open \in {None, epoch}
  ELSE here.epoch <= epoch /\ here.open \in {None, epoch}

Arrive(m) ==
  LET p == m.to
      takes == Takes(p, m.epoch)
      isWaited == client[m.of[1]].pc = "ready" /\ Of(m.of[1]) = m.of
  IN
  /\ sent' = sent \ {m}
  /\ place' = IF takes
              THEN [place EXCEPT ![p] = [@ EXCEPT !.open = m.epoch, !.holds = @ \union {m.of},
                                                  !.epoch = IF p \in Groups THEN @ ELSE m.epoch]]
              ELSE place
  \* The answer may be lost, or come when the client has gone on.
  /\ \/ UNCHANGED acked
     \/ takes /\ isWaited /\ acked' = [acked EXCEPT ![m.of] = @ \union {p}]
  /\ UNCHANGED <<item, added, client, told, finisher, deaths>>

(* ------------------------------ transaction-finisher.ts, transaction-recovery.ts ------------------------------ *)

Is(f, me) == finisher' = [finisher EXCEPT ![f] = me]

\* What was decided is made known by the process that decided it (`for`), or by any other.
Begin(f) ==
  /\ finisher[f].pc = "idle"
  /\ IsDecided
  /\ \E q \in Producers \union {0} :
       /\ (q = 0 /\ ~NoRecovery)
            \/ (q # 0 /\ client[q].epoch = item.epoch /\ ~item.fenced /\ client[q].pc = (IF item.state = "PrepareCommit" THEN "commits" ELSE "aborts"))
       /\ Is(f, [pc |-> "tells", epoch |-> item.epoch, commit |-> item.state = "PrepareCommit",
                 places |-> item.places, left |-> item.places, for |-> IF q = 0 THEN <<0, 0>> ELSE Of(q)])
  /\ UNCHANGED <<item, added, place, sent, client, told, acked, deaths>>

BeginEarly(f, q) ==
  /\ MarkerBeforeDecision
  /\ finisher[f].pc = "idle"
  /\ client[q].pc = "ready" /\ IsOwner(q) /\ item.state = "Ongoing"
  /\ Is(f, [pc |-> "tells", epoch |-> item.epoch, commit |-> TRUE, places |-> item.places, left |-> item.places, for |-> Of(q)])
  /\ UNCHANGED <<item, added, place, sent, client, told, acked, deaths>>

Decided(here, commit) ==
  IF commit THEN [here EXCEPT !.open = None, !.holds = {}, !.committed = @ \union here.holds]
  ELSE [here EXCEPT !.open = None, !.holds = {}, !.aborted = @ \union here.holds]

\* #judgeMarker; in a group `decide`.
AfterMarker(p, epoch, commit) ==
  LET here == place[p]
      marker == MarkerEpoch(epoch)
      ends == here.open # None /\ (here.open < marker \/ ((MarkerEndsSameEpoch \/ EpochStays) /\ here.open = marker))
  IN
  IF p \in Groups
  THEN IF here.epoch >= epoch \/ (here.open # None /\ here.open # epoch) THEN here
       ELSE [Decided(here, commit) EXCEPT !.epoch = epoch]
  ELSE IF ends THEN [Decided(here, commit) EXCEPT !.epoch = IF marker > @ THEN marker ELSE @]
  ELSE IF here.open = None /\ here.epoch < marker THEN [here EXCEPT !.epoch = marker]
  ELSE here

Tell(f) ==
  /\ finisher[f].pc = "tells"
  /\ \E p \in finisher[f].left :
       /\ place' = [place EXCEPT ![p] = AfterMarker(p, finisher[f].epoch, finisher[f].commit)]
       /\ Is(f, [finisher[f] EXCEPT !.left = @ \ {p}])
  /\ UNCHANGED <<item, added, sent, client, told, acked, deaths>>

\* planComplete, conditional on the very decision. Only now is the client answered.
Finish(f) ==
  LET me == finisher[f]
      isSame == item.state = Prepare(me.commit) /\ item.epoch = me.epoch
      q == me.for[1]
      isHeard == q # 0 /\ client[q].epoch = me.epoch /\ Of(q) = me.for /\ client[q].pc \in {"commits", "aborts"}
  IN
  /\ me.pc = "tells"
  /\ me.left = {} \/ CompleteEarly
  /\ item' = IF isSame \/ CompleteUnseen
             THEN [state |-> Complete(me.commit), epoch |-> Next_(me.epoch), places |-> {}, fenced |-> FALSE,
                   ended |-> IF item.fenced THEN None ELSE me.epoch]
             ELSE item
  /\ \/ isHeard /\ Hears(q, IF me.commit THEN "committed" ELSE "aborted") /\ client' = NextTransaction(q, Next_(me.epoch))
     \/ UNCHANGED <<told, client>>
  /\ Is(f, IdleFinisher)
  /\ UNCHANGED <<added, place, sent, acked, deaths>>

Dies(f) ==
  /\ finisher[f].pc # "idle"
  /\ deaths < DeathsMax
  /\ deaths' = deaths + 1
  /\ Is(f, IdleFinisher)
  /\ UNCHANGED <<item, added, place, sent, client, told, acked>>

Next ==
  \/ \E q \in Producers :
       \/ \E p \in Places : Add(q, p) \/ Send(q, p)
       \/ \E commit \in BOOLEAN : End(q, commit)
       \/ TakeOver(q)
  \/ Expire
  \/ \E m \in sent : Arrive(m)
  \/ \E f \in Finishers :
       \/ Begin(f) \/ Tell(f) \/ Finish(f) \/ Dies(f)
       \/ \E q \in Producers : BeginEarly(f, q)

\* Sweeps and wake-ups come round, what is on its way arrives, and a process that does not end goes on.
Fairness ==
  /\ WF_vars(Expire)
  /\ WF_vars(\E m \in sent : Arrive(m))
  /\ \A f \in Finishers : WF_vars(Begin(f)) /\ WF_vars(Tell(f)) /\ WF_vars(Finish(f))

Spec == Init /\ [][Next]_vars /\ Fairness

\* Values for TransactionsOf.
OneEach == [q \in Producers |-> 1]
TwoThenOne == [q \in Producers |-> IF q = 1 THEN 2 ELSE 1]

(* ------------------------------ what must hold ------------------------------ *)

\* All of a transaction or nothing, and what was seen once stays.
Atomic == \A p, r \in Places : place[p].committed \intersect place[r].aborted = {}

\* What a client was told is so.
CommitIsWhole == \A t \in Transactions : told[t] = "committed" => \A p \in acked[t] : t \in place[p].committed
AbortIsNothing == \A t \in Transactions : told[t] \in {"aborted", "fenced"} => \A p \in Places : t \notin place[p].committed

\* What is open in a place is known to the coordinator, who will end it there: no transaction hangs.
NoneHangs ==
  \A p \in Places : place[p].open # None =>
    /\ item.epoch = place[p].open
    /\ item.state \in {"Ongoing", "PrepareCommit", "PrepareAbort"}
    /\ p \in item.places

\* Places hold what belongs to one transaction: nothing that comes late gets into the next.
NothingSlipsIn == \A p \in Places : Cardinality(place[p].holds) <= 1

\* Somebody finishes every transaction, whoever ends half-way.
SomebodyFinishes == (item.state \in {"Ongoing", "PrepareCommit", "PrepareAbort"}) ~> (item.state \in {"CompleteCommit", "CompleteAbort"})
=============================================================================
