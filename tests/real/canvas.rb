# Canvas's own rules, run on what we read and write: canvas.rb FOLDER VERB < JSON.
#
# FOLDER has the source of Canvas. Its classes and methods decide; what they ask of Canvas's database
# is answered here, from the JSON. Each verb prints what Canvas would have made of it, as JSON.

require 'csv'
require 'json'
require 'pathname'
require 'set'
require 'active_support/all'

FOLDER, VERB = Pathname(ARGV[0]), ARGV[1]
ASKED = JSON.parse($stdin.read)
Encoding.default_external = Encoding::UTF_8

# Rows of a table, as ActiveRecord finds them.
class Rows < Array
  def where(**wanted)
    Rows.new(select { |row| wanted.all? { |name, value| same?(row.public_send(name), value) } })
  end

  def select(*columns, &block) = block ? super(&block) : self
  def pluck(column) = map { |row| row.public_send(column.to_s.split('.').last) }
  def exists? = any?
  def build = Assignment.new
  %i[active published gradeable preload].each { |name| define_method(name) { |*_| self } }

  private

  def same?(is, wanted)
    (wanted.is_a?(Array) ? wanted : [wanted]).any? do |one|
      (one.respond_to?(:id) ? one.id : one).to_s == is.to_s
    end
  end
end

class Row
  attr_accessor :id, :previous_id

  class << self
    def rows = @rows ||= Rows.new
    def where(**wanted) = rows.where(**wanted)
    def active = rows

    def store(**fields) = new(**fields).tap { |row| rows << row.stored }
  end

  def initialize(**fields) = fields.each { |name, value| public_send("#{name}=", value) }
  def stored = tap { @stored = true }
  def new_record? = !@stored
  def grants_right?(*) = true
end

class User < Row
  attr_accessor :name, :sortable_name, :gradebook_importer_submissions

  alias last_name_first sortable_name
  alias user_id id
end

class Pseudonym < Row
  attr_accessor :user_id, :sis_user_id, :unique_id
end

class Assignment < Row
  attr_accessor :title, :was
  attr_reader :points_possible

  def points_possible=(points)
    @points_possible = points.to_f
    self.was ||= @points_possible
  end

  def changed? = new_record? || points_possible != was
  def grading_type = 'points'
  def anonymize_students? = ASKED['anonymous']
end

class Attachment < Row
  attr_accessor :user_id, :display_name, :path

  def open(*, **) = File.open(path)
  def deleted? = false
  alias full_filename display_name
end

class Submission < Row
  attr_accessor :user, :user_id, :assignment, :assignment_id, :score, :late, :files, :submission_type,
                :cached_due_date, :grading_period_id, :anonymous_id

  def excused? = false
  def late? = late
  def attachments = Attachment.where(id: files)
  def attachment_ids = files.join(',')
  def shard = SHARD
end

class Course
  attr_accessor :students, :assignments, :submissions

  alias all_students students
  alias gradable_students students
  def id = 1
  def root_account = Account
  def account_membership_allows(*) = false
  def preload_user_roles! = nil
  def grading_periods? = false
  def feature_enabled?(*) = ASKED['anonymous']
end

module Account
  def self.id = 1
  def self.shard = SHARD
  def self.pseudonyms = Pseudonym.rows
end

module AssignmentStudentVisibility
  def self.visible_assignment_ids_in_course_by_user(**)
    User.rows.to_h { |user| [user.id, Assignment.rows.map(&:id)] }
  end
end

module EffectiveDueDates
  def self.for_course(*) = self
  def self.find_effective_due_date(*) = {}
end

module GradingPeriod
  def self.for(*) = Rows.new
end

Upload = Struct.new(:course, :gradebook) { def save! = nil }
SHARD = Object.new.tap { |shard| def shard.activate = yield }
# The importer was written for a Ruby in which options could come as a Hash.
CSV.singleton_class.prepend(
  Module.new { def foreach(path, options = {}, **more, &) = super(path, **options, **more, &) }
)

module Rails
  def self.logger = @logger ||= Logger.new($stderr, level: Logger::WARN)
end

module I18nUtilities; end
module ApplicationHelper; end

module Zip
  module IOExtras
    def self.copy_stream(names, file) = names << file.path
  end
end

# An archive of which only the names are wanted, and which files get them.
class Names < Hash
  def get_output_stream(name) = yield(self[name] = [])
end

# A method out of a class that is too large to be loaded without a Canvas.
def take(model, file, name)
  text = FOLDER.join(file).read[/^  def #{Regexp.escape(name)}\b.*?^  end$/m]
  abort "#{file} has no #{name}." unless text
  model.class_eval(text, file)
end

ASKED['people'].each do |person|
  User.store(id: person['id'], name: person['name'], sortable_name: person['sortable_name'])
  Pseudonym.store(user_id: person['id'], sis_user_id: person['sis'], unique_id: person['login'])
end
(ASKED['assignments'] || []).each { |given| Assignment.store(**given.symbolize_keys) }
take(Attachment, 'app/models/attachment.rb', 'self.make_unique_filename')
(ASKED['handed_in'] || []).each do |work|
  files = work['files'].map do |file|
    taken = Attachment.where(user_id: work['user']).map(&:display_name)
    name = Attachment.make_unique_filename(file['name'], taken)
    Attachment.store(id: file['id'], user_id: work['user'], display_name: name, path: file['path'])
  end
  Submission.store(
    user: User.where(id: work['user']).first, user_id: work['user'], assignment_id: ASKED['assignment'],
    late: work['late'], files: files.last(work['counts'] || files.size).map(&:id),
    submission_type: 'online_upload', anonymous_id: 'x7Yab'
  )
end

case VERB
when 'archive' # "Download Submissions": the name of each file in it => the file
  text = FOLDER.join('lib/content_zipper.rb').read.gsub(/^require .*$/, '')
  eval(text, TOPLEVEL_BINDING, 'content_zipper.rb')
  names, zipper = Names.new, ContentZipper.new
  zipper.instance_variable_set(:@context, Course.new)
  zipper.instance_variable_set(:@assignment, Assignment.rows.first)
  students = User.rows.index_by(&:id)
  Submission.rows.each { |submission| zipper.send(:add_submission, submission, students, names) }
  puts JSON.generate(names.transform_values(&:first))

when 'import' # "Import" in the gradebook: what the importer hands to its page
  load FOLDER.join('lib/gradebook_importer.rb')
  take(Assignment, 'app/models/assignment.rb', 'self.title_and_id')
  course = Course.new
  course.students, course.assignments = User.rows, Assignment.rows
  course.submissions = Rows.new(ASKED['scores'].map { |score| Submission.new(**score.symbolize_keys) })
  file = ASKED['file']
  upload = Upload.new(course)
  attachment = Attachment.new(path: file)
  GradebookImporter.create_from(nil, upload, User.new(id: 0, name: 'Teacher'), attachment)
  puts JSON.generate(upload.gradebook.as_json)

when 'feedback' # "Upload Submissions": the name of each file => whose page it becomes, if anybody's
  take(Assignment, 'app/models/assignment.rb', 'infer_comment_context_from_filename')
  assignment = Assignment.where(id: ASKED['assignment']).first
  assignment.instance_variable_set(:@ignored_files, [])
  found = ASKED['names'].to_h do |name|
    context = assignment.send(:infer_comment_context_from_filename, name)
    [name, context && { user: context[:user].id, display_name: context[:display_name] }]
  end
  puts JSON.generate(found)

else
  abort "There is no #{VERB}."
end
