package dev.freshet.environments;

import java.util.List;

/** Common English words of five letters, in lower case. */
final class FiveLetterWords {
  /** In alphabetical order. */
  static final List<String> ALL =
      List.of(
          """
          about above actor acute adapt admit adopt adult after again agent agree ahead alarm
          album alert alike alive allow alone along alter amber amuse angel anger angle angry
          ankle apart apple apply arena argue arise armor array arrow aside asset audio avoid
          awake award aware bacon badge basic basin basis beach beard beast begin being belly
          below bench berry birth black blade blame blank blast blaze blend bless blind block
          blood bloom board boast bonus boost booth brain brake brand brave bread break brick
          bride brief bring broad brown brush build bunch burst cabin cable camel canal candy
          carry catch cause chain chair chalk charm chart chase cheap check cheek cheer chess
          chest chief child chill china choir chose civil claim class clean clear clerk click
          cliff climb clock close cloth cloud coach coast color comet coral couch count court
          cover craft crane crash cream crime crisp cross crowd crown curve cycle daily dairy
          dance delay depth diary dirty doubt dozen draft drain drama dream dress drift drink
          drive eager eagle early earth eight elbow elder elect empty enemy enjoy enter entry
          equal error event every exact exist extra fable faith false fancy fault favor feast
          fence fever field fight final first flame flash fleet float flood floor flour fluid
          flute focus force forge forth frame fresh front frost fruit giant glass globe glory
          glove grace grade grain grand grant grape graph grass great green greet grief group
          guard guess guest guide habit happy harsh haste heart heavy hedge hobby honey honor
          horse hotel house human humor ideal image index inner input ivory jewel joint judge
          juice knife knock label labor large laser later laugh layer learn lemon level light
          limit linen liver local logic loose lucky lunch magic major maple march match mayor
          medal mercy metal meter might minor model money month moral motor mount mouse mouth
          movie music nerve never night noble noise north novel nurse ocean offer olive onion
          opera orbit order organ other outer owner paint panel paper party pasta patch pause
          peace peach pearl pedal phone photo piano piece pilot pitch place plain plane plant
          plate point polar power press price pride prime print prize proof proud pulse punch
          pupil queen quest quick quiet quote radar radio raise ranch range rapid ratio reach
          ready realm rebel reply rider ridge right rival river roast robot rough round route
          royal rural sadly salad sauce scale scene scope score scout sense serve seven shade
          shake shape share sharp sheep sheet shelf shell shine shirt shore short shout sight
          skill sleep slice slide small smart smile smoke snake solar solid sound south space
          spare spark speak speed spend spice spoon sport staff stage stair stamp stand start
          state steam steel stone store storm story stove straw sugar sunny sweet swing sword
          table taste teach thank theme thick thing think third three throw thumb tiger title
          toast today token tooth topic total touch tower toxic trace track trade trail train
          treat trend trial tribe trick truck truly trunk trust truth twice uncle under union
          unity upper upset urban usual valid value video visit vital vivid voice voter wagon
          waste watch water whale wheat wheel where white whole woman world worry worth wound
          wrist write wrong yield young youth zebra
          """
              .split("\\s+"));

  private FiveLetterWords() {}
}
